"""Imported once by the launcher, so that a worker starts in 0.1 s instead of several seconds.

Never runs a kernel and never touches CUDA: a forked child could not use either. Where the
system cannot fork, workers find no READY.
"""

import faulthandler
import json
import os

import torch

import visdl.worker.main  # noqa: F401  for its imports
from visdl.nodes.contract.node_files.checks import PRELOAD
from visdl.worker.node_files import load_node_files
from visdl.worker.protocol import NodeFolder

if os.environ.get(PRELOAD):
    node_folder = NodeFolder(**json.loads(os.environ[PRELOAD]))
    # they were tried before: one that now hangs ends this process, and the next does without them
    faulthandler.dump_traceback_later(node_folder.seconds + 5, exit=True)
    load_node_files(node_folder)
    faulthandler.cancel_dump_traceback_later()

# the first optimizer of a process imports torch._dynamo: seconds, paid here
torch.optim.Adam([torch.nn.Parameter(torch.empty(1, device="meta"))])

READY = True
