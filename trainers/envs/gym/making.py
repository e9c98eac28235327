"""Find and make a gymnasium environment; what it raises becomes one line, what it prints is kept.

Nothing that it prints to the standard output, or warns of, reaches the terminal.
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib.util
import io
import os
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, redirect_stderr, redirect_stdout, suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ilsweep.trainers.core.named import NotThere, module_named
from ilsweep.trainers.core.waiting import waiting_for
from ilsweep.trainers.data.gym_env import PACKAGES, RENDER, GymEnv, installed, module_of
from ilsweep.trainers.data.gym_ids import no_environment
from ilsweep.trainers.data.mistakes import Mistake, UnusableData

if TYPE_CHECKING:
    import gymnasium

_C = ctypes.CDLL(None)
"""The library of C that this process has loaded."""
_OF_A_DISPLAY = ("display", "glfw", "gladloadgl", "egl", "opengl", "video device", "x11")
"""Words in what is raised where there is nothing to draw on."""


def wrong(key: str, rule: str, value: object = None, valid: str = "") -> UnusableData:
    """One mistake in the section `env`."""
    return UnusableData(Mistake(f"env.{key}", rule, value, valid))


@contextmanager
def guarded(env: GymEnv, during: str, *, loading: bool = False) -> Iterator[io.StringIO]:
    """Within it, an environment prints nothing, and what it raises becomes `UnusableData`.

    What it prints goes into the text that is given, warnings go nowhere; with `loading`, its
    standard error is kept, too.
    """
    printed = io.StringIO()
    native = _kept(printed) if loading else _led_to(_nowhere())
    errors = redirect_stderr(printed) if loading else nullcontext()
    with (
        native,
        redirect_stdout(printed),
        errors,
        warnings.catch_warnings(action="ignore"),
        waiting_for(during, env.id),
    ):
        try:
            yield printed
        except UnusableData:
            raise
        except (Exception, SystemExit) as error:  # an environment may raise anything
            raise _raised(env, during, error) from error


@contextmanager
def _kept(printed: io.StringIO) -> Iterator[None]:
    """What C code prints, past Python, goes into `printed` at the end."""
    with tempfile.TemporaryFile() as taken:
        with _led_to(taken.fileno()):
            yield
        taken.seek(0)
        printed.write(taken.read().decode(errors="replace"))


@contextmanager
def _led_to(file: int) -> Iterator[None]:
    """What C code prints, past Python, goes into an open file."""
    kept = os.dup(1)
    try:
        os.dup2(file, 1)
        yield
    finally:
        _C.fflush(None)  # what it still holds back
        os.dup2(kept, 1)
        os.close(kept)


@cache
def _nowhere() -> int:
    """Open as long as this process lives: to open it takes as long as a small world's step."""
    return os.open(os.devnull, os.O_WRONLY)


def _raised(env: GymEnv, during: str, error: BaseException) -> UnusableData:
    text = (str(error).strip().splitlines() or ["no message"])[0]
    if any(word in text.lower() for word in _OF_A_DISPLAY):
        valid = (
            "a screen, MUJOCO_GL=egl, SDL_VIDEODRIVER=dummy, or kwargs: {render_mode: rgb_array}"
        )
        return wrong("id", f"needs a display: {during} raised {text}", env.id, valid)
    return wrong("id", f"{during} raised {type(error).__name__}: {text}", env.id)


def make(env: GymEnv, images: bool) -> gymnasium.Env[Any, Any]:
    """The environment, without a limit of its own to its episodes.

    Raises:
        UnusableData: it is not installed, there is none of that name, or it cannot be made.
    """
    if images:
        _without_a_screen()
    with guarded(env, "making it", loading=True):
        import gymnasium

        maker = _maker(env)
        kwargs = dict(env.kwargs)
        if any(source.key == RENDER for sources in env.observation.values() for source in sources):
            kwargs.setdefault("render_mode", "rgb_array")
        made = maker(**kwargs)
        if not isinstance(made, gymnasium.Env):
            rule = f"leads to a {type(made).__name__}"
            raise wrong("id", rule, env.id, "what returns a gymnasium.Env")
        return made


def registered_steps(env: GymEnv) -> int | None:
    """Actions of an episode, as the environment is registered; to be called after `make`."""
    import gymnasium

    found = gymnasium.registry.get(env.id.rpartition(":")[2])
    return found.max_episode_steps if found else None


def _maker(env: GymEnv) -> Callable[..., Any]:
    """What makes the environment, from its keyword arguments."""
    import gymnasium

    module, _, name = env.id.rpartition(":")
    if not module and module_of(name) != "gymnasium":
        module = module_of(name)
    own: dict[str, Any] = {}
    if module:
        try:
            own = vars(module_named(module, own=True))
        except NotThere as error:
            raise wrong("id", str(error), env.id) from error
        if callable(maker := own.get(name)):
            return maker  # type: ignore[no-any-return]
    if name not in gymnasium.registry:
        known = [*gymnasium.registry, *filter(_is_environment(own), own)]
        raise UnusableData(no_environment(env.id, known, installed()))
    return lambda **kwargs: gymnasium.make(
        name, max_episode_steps=-1, disable_env_checker=True, **kwargs
    )


def _is_environment(own: Mapping[str, Any]) -> Callable[[str], bool]:
    """Whether a name of a module is a class of an environment."""
    import gymnasium

    return lambda name: isinstance(own[name], type) and issubclass(own[name], gymnasium.Env)


def _without_a_screen() -> None:
    """Let MuJoCo and SDL draw where there is no screen, unless the user says how."""
    if sys.platform == "linux" and not {"DISPLAY", "WAYLAND_DISPLAY"} & os.environ.keys():
        os.environ.setdefault("MUJOCO_GL", "egl")
        os.environ.setdefault("SDL_VIDEODRIVER", "dummy")


def stamp(name: str) -> str:
    """What changes when the module of `module:...` or of an environment's id does.

    The version of a known package, or the digest of a file of one's own.
    """
    module = name.rpartition(":")[0] or module_of(name)
    if (top := module.split(".")[0]) in PACKAGES:
        with suppress(PackageNotFoundError):  # `make` says it
            return f"{top} {version(PACKAGES[top])}"
    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())
    try:
        found = importlib.util.find_spec(module)
    except Exception:  # noqa: BLE001 - a user's package may raise anything; `make` says it
        found = None
    file = Path(found.origin) if found and found.origin else None
    return hashlib.sha256(file.read_bytes()).hexdigest() if file and file.is_file() else ""
