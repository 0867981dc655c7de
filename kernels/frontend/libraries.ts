/**
 * Libraries whose text is not read: Python's own modules, PyTorch and numpy (what is needed of them the evaluator
 * knows), and those that have nothing to say of a mask: drawing, training, other frameworks. They count as installed.
 */

/** Whether the text of `module` (absolute, dotted) is worth looking for. */
export function isFollowed(module: string): boolean {
  return !NOT_READ.has(module.split(".", 1)[0] ?? "");
}

const NOT_READ = new Set(
  `__future__ abc argparse array ast asyncio atexit base64 bisect builtins bz2 calendar cmath collections concurrent
  contextlib contextvars copy csv ctypes dataclasses datetime decimal difflib dis email enum errno faulthandler filecmp
  fnmatch fractions ftplib functools gc getopt getpass glob graphlib gzip hashlib heapq hmac html http importlib inspect
  io ipaddress itertools json keyword linecache locale logging lzma math mmap multiprocessing numbers operator os pathlib
  pdb pickle pkgutil platform pprint profile pstats queue random re resource sched secrets select selectors shelve shlex
  shutil signal site socket sqlite3 ssl stat statistics string struct subprocess symtable sys sysconfig tarfile tempfile
  textwrap threading time timeit token tokenize tomllib traceback tracemalloc types typing typing_extensions unicodedata
  unittest urllib uuid venv warnings wave weakref xml zipfile zlib zoneinfo
  torch torchvision torchaudio triton numpy scipy pandas matplotlib seaborn PIL cv2 sklearn einops tqdm jax jaxlib flax
  tensorflow keras cupy numba datasets accelerate huggingface_hub safetensors tokenizers lightning pytorch_lightning wandb
  absl pytest rich click fire yaml omegaconf hydra jaxtyping tabulate IPython ipywidgets packaging psutil requests
  setuptools pkg_resources`.split(/\s+/),
);
