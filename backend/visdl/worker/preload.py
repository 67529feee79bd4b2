"""Imported once by the forkserver, so that a trainer starts in a tenth of a second instead of several.

Never runs a kernel and never touches CUDA: a forked child could not use either. Errors here are silent
(the forkserver swallows them), so trainers check READY.
"""

import os
from pathlib import Path

import torch

import visdl.worker.main  # noqa: F401  imported for their imports
from visdl.nodes.contract.registry import NodeRegistry
from visdl.worker.protocol import NODES_DIR

if os.environ.get(NODES_DIR):
    NodeRegistry.load_folder(Path(os.environ[NODES_DIR]))

# the first optimizer of a process imports torch._dynamo: seconds, paid here
torch.optim.Adam([torch.nn.Parameter(torch.empty(1, device="meta"))])

READY = True
