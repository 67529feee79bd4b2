"""Node files that would stop a server, or change it for all other nodes: text and sentence.

Those that compute until their time is over are in `BUSY`, those that only wait in `WAITING`.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path

from .test_node_files import GOOD

_C = "import ctypes\n"
_LIB = _C + "libc = ctypes.CDLL(None)\n"
_SELF = "import pathlib\nhere = pathlib.Path(__file__).parent\n"

#: (text, part of the sentence, line where it is known)
ENDING = {
    "os_exit": ("import os\nos._exit(0)\n", "ends the process: it exits with code 0", None),
    "os_exit_3": ("import os\nos._exit(3)\n", "it exits with code 3", None),
    "system_exit": ("import sys\nsys.exit()\n", "SystemExit", 2),
    "quit": ("import builtins\nraise SystemExit('enough')\n", "SystemExit: enough", 2),
    "keyboard_interrupt": ("raise KeyboardInterrupt\n", "KeyboardInterrupt", 1),
    "generator_exit": ("raise GeneratorExit('x')\n", "GeneratorExit", 1),
    "null_pointer": (_C + "ctypes.string_at(0)\n", "killed by SIGSEGV", 2),
    "abort": ("import os\n\nos.abort()\n", "killed by SIGABRT", 3),
    "kill_itself": ("import os\nos.kill(os.getpid(), 9)\n", "killed by SIGKILL", None),
    "interrupt_itself": (
        "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n",
        "killed by SIGINT",
        None,
    ),
    "terminate_itself": ("import os\nos.kill(os.getpid(), 15)\n", "killed by SIGTERM", None),
    "c_exit": (_LIB + "libc.exit(7)\n", "it exits with code 7", None),
    "exec": ("import os\nos.execv('/bin/true', ['true'])\n", "it exits with code 0", None),
    "close_all": ("import os\nos.closerange(0, 4096)\n", "ends the process", None),
    "fork_and_exit": ("import os\nif os.fork():\n    os._exit(0)\n", "ends the process", None),
    "surrogate": (r"raise ValueError('\udc80 odd')" + "\n", "ValueError: ? odd", 1),
    "long_message": ("raise ValueError('x' * 10**7)\n", "ValueError: xxx", 1),
    "reads_input": ("input()\n", "cannot read standard input", 1),
    "reads_stdin": ("import sys\nsys.stdin.read()\n", "cannot read standard input", 2),
    "no_memory": ("import mmap\nx = bytearray(1 << 40)\n", "more memory than", None),
    "null_byte": ("x = 1\x00\n", "null bytes", None),
    "deep": (f"x = {'(' * 500}{')' * 500}\n", "Error", None),
}
CHANGING = {
    "default_dtype": (
        "import torch\ntorch.set_default_dtype(torch.float64)\n",
        "torch's default dtype",
    ),
    "default_device": ("import torch\ntorch.set_default_device('meta')\n", "default device"),
    "deterministic": ("import torch\ntorch.use_deterministic_algorithms(True)\n", "deterministic"),
    "no_gradients": ("import torch\ntorch.set_grad_enabled(False)\n", "computes gradients"),
    "entered_no_grad": ("import torch\ntorch.no_grad().__enter__()\n", "computes gradients"),
    "inference_mode": (
        "import torch\nmode = torch.inference_mode()\nmode.__enter__()\n",
        "computes gradients",
    ),
    "anomalies": ("import torch\ntorch.autograd.set_detect_anomaly(True)\n", "anomalies"),
    "precision": ("import torch\ntorch.set_float32_matmul_precision('medium')\n", "precision of"),
    "cudnn": ("import torch\ntorch.backends.cudnn.enabled = False\n", "torch.backends"),
    "denormals": ("import torch\ntorch.set_flush_denormal(True)\n", "close to 0"),
    "all_hooks": (
        "import torch\ntorch.nn.modules.module.register_module_forward_hook(print)\n",
        "the hooks of all modules",
    ),
    "safe_globals": (
        "import os, torch\ntorch.serialization.add_safe_globals([os.system])\n",
        "what torch.load accepts",
    ),
    "patched_torch": ("import torch\ntorch.relu = torch.tanh\n", "torch.relu"),
    "patched_functional": (
        "import torch.nn.functional as F\nF.mse_loss = F.l1_loss\n",
        "torch.nn.functional.mse_loss",
    ),
    "patched_class": (
        "import torch\ntorch.nn.Linear.forward = lambda self, x: x\n",
        "torch.nn.Linear.forward",
    ),
    "patched_tensor": (
        "import torch\ntorch.Tensor.backward = lambda self: None\n",
        "torch.Tensor.backward",
    ),
    "patched_load": ("import torch\ntorch.load = None\n", "torch.load"),
    "removed_function": ("import torch\ndel torch.relu\n", "torch.relu"),
    "patched_builtins": ("import builtins\nbuiltins.sum = max\n", "builtins.sum"),
    "patched_time": ("import time\ntime.monotonic = lambda: 0.0\n", "time.monotonic"),
    "patched_visdl": (
        "import visdl.seeds\nvisdl.seeds.derive = lambda *a: 0\n",
        "visdl.seeds.derive",
    ),
    "patched_contract": (
        "from visdl.nodes import BaseNode\nBaseNode.create = None\n",
        "BaseNode.create",
    ),
    "deleted_type": (
        "from visdl.nodes import NodeRegistry as R\ndel R._types['Linear']\n",
        "the node type 'Linear'",
    ),
    "replaced_type": (
        "from visdl.nodes import NodeRegistry as R\nR._types['ReLU'] = R._types['Tanh']\n",
        "the node type 'ReLU'",
    ),
    "cleared_types": (
        "from visdl.nodes import NodeRegistry as R\nR._types.clear()\n",
        "the node type",
    ),
    "removed_module": ("import sys\ndel sys.modules['torch']\n", "the imported module torch"),
    "signal_handler": (
        "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n",
        "signal handlers",
    ),
    "timer": ("import signal\nsignal.alarm(30)\n", "leaves a timer running"),
    "limit": (
        "import resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))\n",
        "the limits of the process",
    ),
    "nice": ("import os\nos.nice(5)\n", "share of the processor"),
    "trace": ("import sys\nsys.settrace(lambda *a: None)\n", "the trace function"),
    "closed_output": ("import os\nos.close(1)\n", "standard input or output"),
    "thread": (
        "import threading, time\nthreading.Thread(target=time.sleep, args=(9,)).start()\n",
        "leaves a thread running",
    ),
    "daemon_thread": (
        "import _thread, time\n_thread.start_new_thread(time.sleep, (9,))\ntime.sleep(0.05)\n",
        "leaves a thread running",
    ),
    "process": (
        "import subprocess\nsubprocess.Popen(['sleep', '60'])\n",
        "starts a process and does not wait",
    ),
    "fork": ("import os\nos.fork()\n", "starts a process and does not wait"),
    "adds_file": (_SELF + "(here / 'new_one.py').write_text('')\n", "by adding new_one.py"),
    "deletes_file": (_SELF + "(here / 'prey.py').unlink()\n", "the node file prey.py"),
}
WAITING = {
    "sleeps": "import time\ntime.sleep(1000)\n",
    "reads_descriptor": "import os\nos.read(0, 1)\n",
    "deadlock": "import threading\nlock = threading.Lock()\nlock.acquire()\nlock.acquire()\n",
    "waits_for_socket": "import socket\ns = socket.create_server(('127.0.0.1', 0))\ns.accept()\n",
    "waits_for_process": "import subprocess\nsubprocess.run(['sleep', '1000'])\n",
    "catches_all": (
        "import time\nwhile True:\n    try:\n        time.sleep(1000)\n"
        "    except BaseException:\n        pass\n"
    ),
    "waits_in_c": _LIB + "ctypes.PyDLL(None).sleep(1000)\n",
    "stops_itself": "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)\n",
    "slow_description": GOOD.format(name="Slow").replace(
        "        return {", "        import time; time.sleep(1000)\n        return {"
    ),
}
BUSY = {
    "no_stack": "import sys\nsys.setrecursionlimit(10**9)\ndef f():\n    f()\nf()\n",
    "endless": "while True:\n    pass\n",
    "busy_in_c": "import re\nre.match('(a+)+$', 'a' * 64 + 'b')\n",
    "prints_for_ever": "while True:\n    print('x' * 1000)\n",
    "large_number": "x = 7 ** (7 ** 12)\n",
    "eats_slowly": "x = []\nwhile True:\n    x.append(bytes(10**6))\n",
}
#: What is imported, although it touches the process: that is undone. Text, and what the log names.
RESTORED = {
    "seeds": (
        "import random, numpy, torch\nrandom.seed(0); numpy.random.seed(0); torch.manual_seed(0)\n",
        "",
    ),
    "threads": ("import torch\ntorch.set_num_threads(3)\n", "number of threads"),
    "folder": ("import os\nos.chdir('/')\n", "working folder"),
    "environment": (
        "import os\nos.environ['CUDA_VISIBLE_DEVICES'] = '9'\nos.environ.pop('PATH', 0)\n",
        "environment",
    ),
    "path": ("import sys\nsys.path.insert(0, '/nowhere')\nsys.path.remove(sys.path[1])\n", ""),
    "warnings": ("import warnings\nwarnings.simplefilter('error')\n", ""),
    "logging": (
        "import logging\nlogging.disable(50)\nlogging.root.handlers.clear()\n",
        "the logging",
    ),
    "locale": ("import locale\nlocale.setlocale(locale.LC_ALL, 'C.UTF-8')\n", "locale"),
    "umask": ("import os\nos.umask(0o777)\n", "permissions"),
    "output": ("import sys\nsys.stdout = sys.stderr = None\n", "standard output"),
    "prints": ("import os\nprint('hello')\nos.write(1, b'hello')\n", ""),
    "recursion": ("import sys\nsys.setrecursionlimit(300)\n", "recursion"),
    "collector": ("import gc\ngc.disable()\n", "garbage"),
    "sockets": ("import socket\nsocket.setdefaulttimeout(0.001)\n", "sockets"),
    "numpy_errors": ("import numpy\nnumpy.seterr(all='raise')\n", "NumPy"),
    "exit_handler": ("import atexit\natexit.register(lambda: None)\n", ""),
    "finished_process": ("import subprocess\nsubprocess.run(['true'], check=True)\n", ""),
    "finished_thread": (
        "import threading\nt = threading.Thread(target=int)\nt.start()\nt.join()\n",
        "",
    ),
}


def write_odd_entries(folder: Path) -> dict[str, str]:
    """Create what is named `x.py` without being a readable text; return a part of each sentence."""
    os.mkfifo(folder / "fifo.py")
    (folder / "directory.py").mkdir()
    (folder / "dangling.py").symlink_to("nothing")
    (folder / "circle.py").symlink_to("circle.py")
    (folder / "device.py").symlink_to("/dev/zero")
    (folder / "linked_fifo.py").symlink_to("fifo.py")
    (folder / "huge.py").write_bytes(b"#")
    os.truncate(folder / "huge.py", 10**12)
    with socket.socket(socket.AF_UNIX) as end:
        end.bind(os.path.relpath(folder / "socket.py"))
    (folder / os.fsdecode(b"odd-\xff.py")).write_text("1 / 0\n")
    return {
        "fifo.py": "a named pipe",
        "directory.py": "a folder",
        "dangling.py": "a link to nothing",
        "circle.py": "a link to nothing",
        "device.py": "a device",
        "linked_fifo.py": "a named pipe",
        "huge.py": "a node file may have 5 MB",
        "socket.py": "a socket",
        "odd-?.py": "ZeroDivisionError",
    }
