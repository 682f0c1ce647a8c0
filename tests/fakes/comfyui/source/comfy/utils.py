"""Where torch comes in: without it the start dies here, with Python's own words."""

import torch

progress_hook = None


def torch_version():
    return str(torch.version.__version__)


class ProgressBar:
    """What a node calls to tell how far it is."""

    def __init__(self, total):
        self.total = total
        self.value = 0

    def update(self, step=1, preview=None):
        self.value = min(self.value + step, self.total)
        if progress_hook is not None:
            progress_hook(self.value, self.total, preview)
