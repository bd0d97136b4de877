"""The kinds of layer that can be handed in: what they are called, what they are given, what shape they return."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["KINDS", "NETWORK", "LayerKind", "kind_of_name", "layer_kind", "output_shape", "role"]

Shape = tuple[int, ...]


@dataclass(frozen=True)
class LayerKind:
    """One kind of layer.

    Attributes:
        name: As on the command line.
        title: As in a sentence.
        axes: Names of the input's axes for one sample; () for any.
        parameters: What is learnt and has a gradient.
        settings: Numbers that are chosen, as stride; with their usual values.
        loss: Whether it takes a label, and returns one number.
    """

    name: str
    title: str
    axes: tuple[str, ...]
    parameters: tuple[str, ...] = ()
    settings: tuple[tuple[str, int | None], ...] = ()
    loss: bool = False

    @property
    def defaults(self) -> dict[str, int | None]:
        """The settings as a dict."""
        return dict(self.settings)


KINDS = {
    kind.name: kind
    for kind in (
        LayerKind(
            "conv2d",
            "convolution",
            ("channels", "height", "width"),
            ("weight", "bias"),
            (("stride", 1), ("padding", 0)),
        ),
        LayerKind("maxpool2d", "max pooling", ("channels", "height", "width"), (), (("size", 2), ("stride", None))),
        LayerKind("relu", "ReLU", ()),
        LayerKind("flatten", "flatten", ("channels", "height", "width")),
        LayerKind("dense", "fully connected layer", ("in",), ("weight", "bias")),
        LayerKind("softmax", "softmax", ("classes",)),
        LayerKind("cross-entropy", "cross-entropy", ("classes",), loss=True),
        LayerKind("softmax-cross-entropy", "softmax with cross-entropy", ("classes",), loss=True),
    )
}

#: What is neither a layer nor a loss, but many of them.
NETWORK = "network"

# Pieces of names, the longest meaning first: "SoftmaxCrossEntropy" is neither a softmax nor a cross-entropy.
_NAMES = (
    ("softmax-cross-entropy", ("softmaxcrossentropy", "softmaxce", "softmaxloss", "softmaxwithloss", "logitsloss")),
    ("softmax-cross-entropy", ("crossentropywithlogits", "crossentropyfromlogits", "softmaxwithcrossentropy")),
    ("cross-entropy", ("crossentropy", "xent", "negativeloglikelihood", "logloss")),
    ("softmax", ("softmax",)),
    ("maxpool2d", ("pool",)),
    ("conv2d", ("conv",)),
    ("relu", ("relu", "rectif")),
    ("flatten", ("flatten", "reshape")),
    ("dense", ("dense", "linear", "fullyconnected", "affine", "fclayer")),
    (NETWORK, ("network", "model", "cnn", "sequential")),
)

#: Names under which people keep one and the same thing.
_ROLES = {
    "input": "x input inputs image images v vector z logits p probs probabilities scores a data features inp x_in",
    "gradient": "gradient grad g dout dy dz d_out upstream grad_output grad_out gradient_output output_gradient "
    "out_grad delta error dvalues d_l_d_out dl_dout dldy dl_dy output_error upstream_gradient",
    "weight": "weight weights w kernel kernels filters filter",
    "bias": "bias biases b",
    "stride": "stride strides s step",
    "padding": "padding pad",
    "size": "size kernel_size pool_size window window_size pool filter_size k ksize f",
    "label": "label labels y target targets y_true t truth expected one_hot onehot",
    "cache": "cache ctx context saved",
    "input_shape": "input_shape in_shape x_shape",
    "in": "in_channels input_channels channels in_features input_size input_dim in_dim n_in nin num_inputs "
    "in_size n_inputs input_len c_in",
    "out": "out_channels output_channels depth num_filters n_filters out_features output_size output_dim out_dim n_out "
    "n_neurons num_neurons neurons nout num_outputs units nodes out_size n_outputs c_out",
}
_ROLE_OF = {name: role for role, names in _ROLES.items() for name in names.split()}


def role(name: str, among: Iterable[str]) -> str | None:
    """What a parameter of this name stands for, of the roles asked about; None if the name says nothing.

    >>> role("W", ["weight", "bias"]), role("dout", ["gradient"]), role("colour", ["weight"])
    ('weight', 'gradient', None)
    """
    found = _ROLE_OF.get(name.lower().strip("_"))
    return found if found in set(among) else None


def names_of(role_name: str) -> list[str]:
    """The names of one role, ours first.

    >>> names_of("bias")
    ['bias', 'biases', 'b']
    """
    return _ROLES[role_name].split()


def layer_kind(name: str) -> LayerKind:
    """The kind of this name; ValueError with all names for an unknown one.

    >>> layer_kind("dense").parameters
    ('weight', 'bias')
    """
    if name not in KINDS:
        raise ValueError(f"unknown layer {name!r}; known are {', '.join(KINDS)}")
    return KINDS[name]


def kind_of_name(name: str) -> str | None:
    """The kind that a class or function of this name probably is, or None.

    >>> kind_of_name("MyConv2D"), kind_of_name("SoftmaxCrossEntropyLoss"), kind_of_name("Tanh")
    ('conv2d', 'softmax-cross-entropy', None)
    """
    plain = "".join(c for c in name.lower() if c.isalnum())
    for kind, pieces in _NAMES:
        if any(piece in plain for piece in pieces):
            return kind
    return "dense" if plain in ("fc", "myfc") else NETWORK if plain in ("net", "mynet") else None


def output_shape(kind: str, x: Shape, parameters: Mapping[str, Shape], settings: Mapping[str, Any]) -> Shape:
    """Shape of one sample's output.

    >>> output_shape("conv2d", (1, 28, 28), {"weight": (8, 1, 3, 3)}, {"stride": 1, "padding": 0})
    (8, 26, 26)
    >>> output_shape("maxpool2d", (8, 26, 26), {}, {"size": 2})
    (8, 13, 13)
    """
    if kind == "conv2d":
        filters, _, *window = parameters["weight"]
        stride, padding = settings.get("stride") or 1, settings.get("padding") or 0
        return (filters, *((n + 2 * padding - k) // stride + 1 for n, k in zip(x[1:], window, strict=True)))
    if kind == "maxpool2d":
        size = settings["size"]
        return (x[0], *((n - size) // (settings.get("stride") or size) + 1 for n in x[1:]))
    if kind == "flatten":
        count = 1
        for n in x:
            count *= n
        return (count,)
    if kind == "dense":
        return parameters["weight"][1:]
    return () if layer_kind(kind).loss else x
