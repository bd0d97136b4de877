"""Training in several processes: each has a copy of the model and works on some of the parts of every batch."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

from tinygrad_lists import Value

from .checks import check_size
from .data import DataLoader
from .data.loader import Examples
from .nested import kind_of
from .parallel_worker import answers_of, gradients_of_part, packed, unpacked, work
from .results import Evaluation, History, classes_of, evaluate
from .trainer import Trainer
from .updates import Part

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

__all__ = ["PART_SIZE", "ParallelTrainer", "WorkerError"]

#: Of a part: loss and how many right; and the gradient of each parameter.
Result: TypeAlias = tuple[list[Value], list[Value | None]]

#: Examples a part; for small parts the interpreter's overhead shows, and a batch has as many shares as parts.
PART_SIZE = 4


class WorkerError(RuntimeError):
    """A worker process has ended or failed; the message has its words."""


class ParallelTrainer(Trainer):
    """A `Trainer` whose batches are worked through by several processes at once.

    A batch is cut into parts of `part_size` examples, whatever the number of workers, and the parts' gradients are
    added up in order, whoever has computed them. So any number of workers gives the same numbers to the bit, and so
    does ``Trainer(..., part_size=...)``, which is one worker. Dropout's masks are those of the whole batch.

    The main process is one of the workers. The others are forked from it (spawned, where forking is not safe), and end
    with it.

    Args:
        workers: processes, at least 1.
        part_size: examples a part; batches of two parts or more keep two processes busy.

    Raises:
        ValueError: a number out of its range; a model with buffers that depend on the whole batch, such as those of
            batch normalisation, or with parameters that are no floats. WorkerError: a worker has ended.

    >>> import nn
    >>> images = nn.data.mnist.load("train", subset="paper")[:8]
    >>> def trained(**settings):
    ...     model = nn.Sequential(nn.Flatten(), nn.Dense(784, 10), nn.Dropout(0.5))
    ...     optimiser = nn.optim.Adam(model.parameters())
    ...     trainer = nn.ParallelTrainer(model, optimiser, nn.CrossEntropyLoss(), part_size=2, **settings)
    ...     _ = trainer.fit(nn.data.DataLoader(images, batch_size=8), epochs=2)
    ...     return model.state_dict()
    >>> trained(workers=1) == trained(workers=2) == trained(workers=3)
    True
    """

    def __init__(self, *args: Any, workers: int = 2, part_size: int = PART_SIZE, **settings: Any) -> None:
        super().__init__(*args, part_size=part_size, **settings)
        self.workers = check_size(type(self).__name__, "workers", workers)
        self._pipes: list[Connection] = []
        for name, buffer in self.model.named_buffers():
            if name.rpartition(".")[2] != "generator":
                raise ValueError(
                    f"ParallelTrainer: {name}, shape {buffer.shape}, depends on whole batches, and each worker has a "
                    f"part of them; use Trainer, or layers without running statistics (LayerNorm)"
                )
        for name, parameter in self.model.named_parameters():
            if kind_of(parameter.data) is not float:
                raise ValueError(f"ParallelTrainer: {name} is of {kind_of(parameter.data).__name__}s; use floats")

    def fit(
        self, loader: DataLoader, test: Examples | None = None, epochs: int = 1, validation: Examples | None = None
    ) -> History:
        """As `Trainer.fit`, with the workers at hand."""
        with self._working():
            return super().fit(loader, test, epochs, validation)

    def gradients(self, parts: Sequence[Part]) -> tuple[Value, Value]:
        """Give the parameters the gradient of the mean loss over all parts; (this loss, how many are right)."""
        blocks = _blocks(parts, len(self._pipes) + 1)
        # The main process takes the last block, so that its generators end where those of a whole batch would.
        others, own, before = blocks[:-1], blocks[-1], 0
        state = [*self.model.parameters(), *self.model.buffers()]
        for pipe, block in zip(self._pipes, others, strict=False):
            header = {"what": "gradients", "before": before, "shares": [part.share for part in block]}
            examples = [numbers for part in block for numbers in (part.inputs, part.labels)]
            _send(pipe, packed(header, [*state, *examples]))
            before += sum(len(part.labels) for part in block)
        mine = list[Result]()
        for part in own:
            mine.append(gradients_of_part(self.model, self.criterion, self.right, part, before))
            before = 0
        theirs = list[Result]()
        for pipe, block in zip(self._pipes, others, strict=False):
            for _ in block:
                answer, values = _receive(pipe)
                gradients = iter(values[2:])
                theirs.append((values[:2], [next(gradients) if there else None for there in answer["there"]]))
        return self._added([*theirs, *mine])

    def _added(self, results: list[Result]) -> tuple[Value, Value]:
        """Sums over the parts, in order; those of gradients are given to the parameters."""
        (loss, right), total = results[0]
        for (other_loss, other_right), gradients in results[1:]:
            loss, right = loss + other_loss, right + other_right
            total = [b if a is None else a if b is None else a + b for a, b in zip(total, gradients, strict=True)]
        for parameter, gradient in zip(self.model.parameters(), total, strict=True):
            parameter.grad = gradient
        return loss, right

    def evaluate(self, dataset: Examples) -> Evaluation:
        """Loss, accuracy and predictions on a dataset; each batch by one of the workers."""
        if not self._pipes or self.right is None:
            return evaluate(self.model, dataset, self.criterion, right=self.right)
        for pipe in self._pipes:
            _send(pipe, packed({"what": "state"}, [*self.model.parameters(), *self.model.buffers()]))
        loss, correct, predictions, true = 0.0, 0.0, list[int](), list[int]()
        self.model.eval()
        for batches in _groups(DataLoader(dataset, 50), len(self._pipes) + 1):
            for pipe, batch in zip(self._pipes, batches[1:], strict=False):
                _send(pipe, packed({"what": "test"}, batch))
            results = [answers_of(self.model, self.criterion, self.right, *batches[0])]
            results += [_receive(pipe)[1] for pipe, _ in zip(self._pipes, batches[1:], strict=False)]
            for (mean, right, chosen), (_, labels) in zip(results, batches, strict=True):
                loss += mean.item() * len(labels)
                correct += right.item()
                predictions += chosen.tolist()
                true += classes_of(labels)
        self.model.train()
        return Evaluation(loss / len(dataset), correct / len(dataset), predictions, true)

    @contextmanager
    def _working(self) -> Iterator[None]:
        """Start the workers, and end them afterwards."""
        import multiprocessing  # where there are no processes there is none

        context: Any = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
        processes = []
        try:
            for number in range(1, self.workers):
                pipe, end = context.Pipe()
                # Forked, it has copies of all our ends; spawned, only what it is given.
                others = [*self._pipes, pipe] if context.get_start_method() == "fork" else []
                arguments = (end, others, self.model, self.criterion, self.right)
                process = context.Process(target=work, args=arguments, name=f"worker {number}", daemon=True)
                process.start()
                end.close()
                self._pipes.append(pipe)
                processes.append(process)
            yield
        finally:
            for pipe in self._pipes:
                pipe.close()
            self._pipes = []
            for process in processes:
                process.join(5)
                if process.is_alive():
                    process.kill()
                    process.join()


def _blocks(parts: Sequence[Part], count: int) -> list[Sequence[Part]]:
    """Runs of parts, nearly equal, no more than there are parts."""
    count = min(count, len(parts))
    return [parts[len(parts) * i // count : len(parts) * (i + 1) // count] for i in range(count)]


def _groups(batches: Iterable[Any], count: int) -> Iterator[list[Any]]:
    group: list[Any] = []
    for batch in batches:
        group.append(batch)
        if len(group) == count:
            yield group
            group = []
    if group:
        yield group


def _send(pipe: Connection, message: bytes) -> None:
    with contextlib.suppress(BrokenPipeError):  # what is wrong is known when the answer does not come
        pipe.send_bytes(message)


def _receive(pipe: Connection) -> tuple[dict[str, Any], list[Value]]:
    try:
        header, values = unpacked(pipe.recv_bytes())
    except (EOFError, OSError):
        raise WorkerError("ParallelTrainer: a worker process has ended; was it killed, or out of memory?") from None
    if "error" in header:
        if header["kind"] == "ValueError":
            raise ValueError(header["error"])
        raise WorkerError(f"ParallelTrainer: a worker failed with {header['kind']}: {header['error']}")
    return header, values
