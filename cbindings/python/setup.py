"""Puts the headers and the built library into the wheel.

The package has no compiled part of its own. What it needs is made by `make` in
the source tree: include/*.h and build/lib/libswiftcl.so.0. They are copied into
`swiftcl/_native` of the wheel (or of the source distribution, whose wheels then
take them from there), never into the source tree.
"""

import importlib.util
import shutil
import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist
from setuptools.dist import Distribution

try:
    from setuptools.command.bdist_wheel import bdist_wheel
except ImportError:
    from wheel.bdist_wheel import bdist_wheel

HERE = Path(__file__).resolve().parent
LIBRARY = "libswiftcl.0.dylib" if sys.platform == "darwin" else "libswiftcl.so.0"


def native_files():
    """The files to carry: from the source tree around us, or as a source distribution packed them."""
    root = HERE.parent.parent
    if HERE.parent.name == "cbindings" and (root / "include").is_dir():
        files = [root / "include" / "swiftcl.h", root / "include" / "swiftcl_types.h", root / "build" / "lib" / LIBRARY]
    else:
        files = [HERE / "swiftcl" / "_native" / name for name in ("swiftcl.h", "swiftcl_types.h", LIBRARY)]
    missing = [str(path.name) for path in files if not path.is_file()]
    if missing:
        raise SystemExit(
            f"swiftcl: {', '.join(missing)} not found. Run `make` in the root of the libswiftcl source tree first; "
            "then `pip install ./cbindings/python`."
        )
    return files


def read_header():
    """The parsed headers: what the installed package would fail on, fails here."""
    spec = importlib.util.spec_from_file_location("swiftcl_header", HERE / "swiftcl" / "_header.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module.parse_header(native_files()[0])


def version():
    constants = read_header().constants
    return "{SWIFTCL_VERSION_MAJOR}.{SWIFTCL_VERSION_MINOR}.{SWIFTCL_VERSION_PATCH}".format(**constants)


def copy_native(package):
    folder = Path(package) / "_native"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for path in native_files():
        shutil.copyfile(path, folder / path.name)


class BuildWithLibrary(build_py):
    def run(self):
        super().run()
        if not getattr(self, "editable_mode", False):
            copy_native(Path(self.build_lib) / "swiftcl")


class SourceWithLibrary(sdist):
    def make_release_tree(self, base_dir, files):
        super().make_release_tree(base_dir, files)
        copy_native(Path(base_dir) / "swiftcl")


class PlatformWheel(bdist_wheel):
    """Any Python 3, but one platform: the library inside is machine code."""

    def finalize_options(self):
        super().finalize_options()
        self.root_is_pure = False

    def get_tag(self):
        return "py3", "none", super().get_tag()[2]


class BinaryDistribution(Distribution):
    def has_ext_modules(self):
        return True


setup(
    version=version(),
    distclass=BinaryDistribution,
    cmdclass={"build_py": BuildWithLibrary, "sdist": SourceWithLibrary, "bdist_wheel": PlatformWheel},
)
