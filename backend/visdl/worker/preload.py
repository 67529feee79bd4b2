"""Imported once by the launcher, so that a worker starts in 0.1 s instead of several seconds.

Never runs a kernel and never touches CUDA: a forked child could not use either. Where the
system cannot fork, workers find no READY.
"""

import os
from pathlib import Path

import torch

import visdl.worker.main  # noqa: F401  for its imports
from visdl.nodes.contract.registry import NodeRegistry
from visdl.worker.protocol import NODES_DIR

if os.environ.get(NODES_DIR):
    NodeRegistry.load_folder(Path(os.environ[NODES_DIR]))

# the first optimizer of a process imports torch._dynamo: seconds, paid here
torch.optim.Adam([torch.nn.Parameter(torch.empty(1, device="meta"))])

READY = True
