"""Files that survive: weights, and whole trainings that go on as if they had never stopped.

>>> import nn, tempfile, pathlib
>>> def trainer():
...     model = nn.Sequential(nn.Flatten(), nn.Dense(784, 10), nn.Dropout(0.5))
...     return nn.Trainer(model, nn.optim.Adam(model.parameters()), nn.CrossEntropyLoss())
>>> loader = nn.data.DataLoader(nn.data.mnist.load("train", subset="paper")[:6], batch_size=2, shuffle=True)
>>> unbroken, first, second = trainer(), trainer(), trainer()
>>> history = unbroken.fit(loader, epochs=3)
>>> with tempfile.TemporaryDirectory() as folder:
...     path = pathlib.Path(folder, "training.safetensors")
...     history = first.fit(loader, epochs=1)
...     save_checkpoint(first, path)
...     load_checkpoint(second, path)
>>> history = second.fit(loader, epochs=3)
>>> second.model.state_dict() == unbroken.model.state_dict()
True
"""

from .tensors import CheckpointError
from .training import load_checkpoint, read_extra, save_checkpoint
from .weights import load_weights, save_weights

__all__ = [
    "CheckpointError",
    "load_checkpoint",
    "load_weights",
    "read_extra",
    "save_checkpoint",
    "save_weights",
]
