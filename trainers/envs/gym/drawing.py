"""Pictures of a gymnasium environment whose scene is MuJoCo's, by the renderer of ours."""

from __future__ import annotations

from typing import Any

from ilsweep.trainers.data.dataset import Image
from ilsweep.trainers.data.gym_env import GymEnv
from ilsweep.trainers.envs.gym.making import guarded, wrong
from ilsweep.trainers.envs.rendering import Renderer, import_mujoco


class Scene:
    """Draws cameras by name; OpenGL is opened with the first picture."""

    def __init__(self, env: GymEnv, gym: Any) -> None:
        """Of an environment that was made."""
        self._env, self._gym = env, gym.unwrapped
        self._renderers: dict[tuple[int, int], Renderer] = {}
        self._copy: Any = None
        wanted = [s.camera for sources in env.observation.values() for s in sources if s.camera]
        self._cameras = tuple(dict.fromkeys(wanted))
        if wanted:
            self._must_have_cameras()

    def draw(self, camera: str, size: tuple[int, int]) -> Image:
        """The image (H, W, 3) of a camera.

        Marks that the environment sets before it draws are set on a copy of the physics, so that
        looking changes nothing.

        Raises:
            NoOpenGL: there is no OpenGL.
        """
        if size not in self._renderers:
            self._renderers[size] = Renderer(self._gym.model, self._cameras, size)
        return self._renderers[size].render(self._marked())[camera]

    def close(self) -> None:
        """Free what draws."""
        for renderer in self._renderers.values():
            renderer.close()
        self._renderers = {}

    def _marked(self) -> Any:
        """The physics, with the marks that the environment sets before it draws."""
        mark = getattr(self._gym, "_render_callback", None)
        if mark is None:
            return self._gym.data
        mujoco, own = import_mujoco(), self._gym.data
        self._copy = self._copy or mujoco.MjData(self._gym.model)
        mujoco.mj_copyData(self._copy, self._gym.model, own)
        with guarded(self._env, "render"):
            self._gym.data = self._copy
            try:
                mark()
            finally:
                self._gym.data = own
        return self._copy

    def _must_have_cameras(self) -> None:
        model: Any = getattr(self._gym, "model", None)
        if not hasattr(model, "ncam") or not hasattr(self._gym, "data"):
            rule = "a camera by name needs a MuJoCo scene, which this environment does not show"
            valid = "a key of the observation, or render"
            raise wrong("observation", rule, self._cameras[0], valid)
        there = [model.camera(i).name for i in range(model.ncam)]
        for name in self._cameras:
            if name not in there:
                raise wrong("observation", "no camera of the scene", name, ", ".join(there))
