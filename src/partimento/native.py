"""Compiled loops as machine code that is kept on disk and loaded without the compiler, which takes half a second to import.

Such a loop is a function of pointers and whole numbers (`models/engine/loops`). It is compiled by numba when no code of it is kept;
afterwards LLVM's linker alone loads it, in a twentieth of a second.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import cache, cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from partimento.errors import PartimentoError, WriteFailed
from partimento.files import write_atomic
from partimento.plugins import imported
from partimento.system import user_cache

KINDS = {"f": "float32", "l": "int64", "b": "int8"}  # of what a pointer points at; "n" is a whole number


class Native:
    """The loop at a place ("package.module:function"), with the kinds of its arguments, a letter each. `uses`: the modules of loops
    that it calls. Pointers are given as addresses; nothing is checked."""

    def __init__(self, place: str, arguments: str, uses: Sequence[str] = ()) -> None:
        self.place, self.arguments, self.uses = place, arguments, uses
        self._answer = (ctypes.c_void_p * 2)()  # numba's own: where a result and an error would lie

    @cached_property
    def call(self) -> Callable[..., None]:
        """The function itself."""
        binding, machine = _linker()
        code, name = self._code(binding, machine)
        self._engine = binding.create_mcjit_compiler(binding.parse_assembly(""), machine())
        self._engine.add_object_file(binding.object_file.ObjectFileRef.from_data(code))
        self._engine.finalize_object()
        kind = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, *[ctypes.c_int64] * len(self.arguments))
        function, answer = kind(self._engine.get_function_address(name)), ctypes.addressof(self._answer)
        error = answer + ctypes.sizeof(ctypes.c_void_p)

        def call(*arguments: int) -> None:
            function(answer, error, *arguments)

        return call

    def _code(self, binding: Any, machine: Callable[[], Any]) -> tuple[bytes, str]:
        """The machine code and the name of the function in it: kept, or made and kept."""
        modules = (self.place.partition(":")[0], *self.uses)
        processor = f"{binding.get_host_cpu_name()} {binding.get_host_cpu_features().flatten()} {binding.get_default_triple()}"
        folders = list(code_folders([_source(module) for module in modules], f"{_version(binding)} {processor} {self.arguments}"))
        file = self.place.partition(":")[2] + ".o"
        for folder in folders:
            with contextlib.suppress(OSError, ValueError):
                digest, name, code = (folder / file).read_bytes().split(b"\n", 2)
                if hashlib.sha256(name + code).hexdigest().encode() == digest:
                    return code, name.decode()
        code, text = _compiled(self.place, self.arguments)
        name = text.encode()
        for folder in folders:
            with contextlib.suppress(OSError, WriteFailed, PartimentoError):
                folder.mkdir(parents=True, exist_ok=True)
                write_atomic(folder / file, b"\n".join([hashlib.sha256(name + code).hexdigest().encode(), name, code]))
                break
        return code, text


def code_folders(sources: Sequence[Path], of: str) -> Iterator[Path]:
    """Where the code of loops may be kept: beside the first of its sources, or with the user. The folder's name is a hash of all
    that it was made from.

    So nothing in it is ever replaced by something else, and processes that write it at one time write the same.
    """
    made_from = hashlib.sha256(f"{sys.version} {of} 1".encode())
    for source in sources:
        made_from.update(source.read_bytes())
    name = made_from.hexdigest()[:16]
    yield sources[0].parent / "__pycache__" / name
    with contextlib.suppress(RuntimeError):  # nobody's home
        yield user_cache() / name


@cache
def _linker() -> tuple[Any, Callable[[], Any]]:
    """LLVM, and what makes its picture of this machine."""
    from llvmlite import binding

    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    target = binding.Target.from_default_triple()
    options = {"cpu": binding.get_host_cpu_name(), "features": binding.get_host_cpu_features().flatten(), "opt": 3}
    return binding, lambda: target.create_target_machine(**options, reloc="default", codemodel="jitdefault", jit=True)


def _version(binding: Any) -> str:
    import llvmlite

    return f"{llvmlite.__version__} {'.'.join(map(str, binding.llvm_version_info))}"


def _source(module: str) -> Path:
    found = find_spec(module)
    assert found is not None, module
    assert found.origin, module
    return Path(found.origin)


def _compiled(place: str, arguments: str) -> tuple[bytes, str]:
    import numba

    types: Any = numba.types
    signature = tuple(types.int64 if one == "n" else types.CPointer(getattr(types, KINDS[one])) for one in arguments)
    dispatcher = imported(place)
    dispatcher.compile(signature)
    made = dispatcher.overloads[signature]
    return made.library._get_compiled_object(), made.fndesc.llvm_func_name
