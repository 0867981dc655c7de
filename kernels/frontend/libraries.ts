/**
 * Libraries whose text is not read: Python's own modules, PyTorch and numpy (what is needed of them the evaluator
 * knows), and those that have nothing to say of a mask: drawing, training, other frameworks. They count as installed.
 * A file of the user's own may be called like one of the latter, and then is meant (`datasets.py` beside the script).
 */

/** Whose module it is (absolute, dotted): Python's or PyTorch's, a library's that is not read, or one worth looking for. */
export function ownerOf(module: string): "python" | "library" | "other" {
  const top = module.split(".", 1)[0] ?? "";
  return PYTHON.has(top) ? "python" : LIBRARIES.has(top) ? "library" : "other";
}

const PYTHON = new Set(
  `__future__ abc argparse array ast asyncio atexit base64 bisect builtins bz2 calendar cmath collections concurrent
  contextlib contextvars copy csv ctypes dataclasses datetime decimal difflib dis email enum errno faulthandler filecmp
  fnmatch fractions ftplib functools gc getopt getpass glob graphlib gzip hashlib heapq hmac html http importlib inspect
  io ipaddress itertools json keyword linecache locale logging lzma math mmap multiprocessing numbers operator os pathlib
  pdb pickle pkgutil platform pprint pstats random re resource sched secrets select selectors shelve shlex shutil signal
  socket sqlite3 ssl stat string struct subprocess symtable sys sysconfig tarfile tempfile textwrap threading time timeit
  tokenize tomllib traceback tracemalloc types typing typing_extensions unicodedata unittest urllib uuid venv warnings
  weakref xml zipfile zlib zoneinfo torch numpy`.split(/\s+/),
);

const LIBRARIES = new Set(
  `profile queue statistics token site torchvision torchaudio triton scipy pandas matplotlib seaborn PIL cv2 sklearn
  einops tqdm jax jaxlib flax tensorflow keras cupy numba datasets accelerate huggingface_hub safetensors tokenizers
  lightning pytorch_lightning wandb absl pytest rich click fire yaml omegaconf hydra jaxtyping tabulate IPython ipywidgets
  packaging psutil requests setuptools pkg_resources`.split(/\s+/),
);
