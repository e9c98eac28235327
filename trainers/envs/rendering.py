"""Pictures of a MuJoCo scene, small and fast.

Rendering goes through EGL where there is no screen. Shadows, reflections and multi-sampling are
off, and meshes are drawn as their convex hulls, which is also how they collide: 1.3 ms an image
with a software driver, against 54 ms with everything on.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any

import numpy as np

from ilsweep.trainers.data.dataset import Image

_USUAL = {"linux": "egl", "darwin": "cgl"}
"""Drawing without a screen, by platform."""


class NoOpenGL(RuntimeError):  # noqa: N818
    """There is no OpenGL to draw with; `observation: state` needs none."""


class Renderer:
    """Draws the cameras of one model."""

    def __init__(self, model: Any, cameras: tuple[str, ...], image_size: tuple[int, int]) -> None:
        """Open an off-screen context for images of (height, width).

        Raises:
            NoOpenGL: no context could be made; the message says why.
        """
        self._mujoco = mujoco = import_mujoco()
        height, width = image_size
        self._shape = (height, width, 3)
        self._rectangle = mujoco.MjrRect(0, 0, width, height)
        self._cameras = {name: _camera(mujoco, model, name) for name in cameras}
        self._model = model
        model.vis.quality.offsamples = 0
        model.vis.quality.shadowsize = 0
        model.vis.global_.offheight, model.vis.global_.offwidth = height, width
        self._scene = mujoco.MjvScene(model, maxgeom=max(200, 2 * model.ngeom))
        self._options = mujoco.MjvOption()
        self._options.flags[mujoco.mjtVisFlag.mjVIS_CONVEXHULL] = True
        for flag in ("SHADOW", "REFLECTION", "SKYBOX", "HAZE", "FOG"):
            self._scene.flags[getattr(mujoco.mjtRndFlag, f"mjRND_{flag}")] = False
        self._context, self._pixels = _open_context(mujoco, model, height, width)

    def render(self, data: Any) -> dict[str, Image]:
        """The image of each camera, (H, W, 3)."""
        self._context.make_current()
        return {name: self._draw(data, camera) for name, camera in self._cameras.items()}

    def _draw(self, data: Any, camera: Any) -> Image:
        mujoco, everything = self._mujoco, self._mujoco.mjtCatBit.mjCAT_ALL.value
        mujoco.mjv_updateScene(
            self._model, data, self._options, None, camera, everything, self._scene
        )
        image = np.empty(self._shape, dtype=np.uint8)
        mujoco.mjr_render(self._rectangle, self._scene, self._pixels)
        mujoco.mjr_readPixels(image, None, self._rectangle, self._pixels)
        return image[::-1]

    def close(self) -> None:
        """Free the context."""
        self._context.make_current()
        self._pixels.free()
        self._context.free()


def import_mujoco() -> Any:
    """MuJoCo, without the OpenGL library that it would load along where MUJOCO_GL names one."""
    wanted = os.environ.get("MUJOCO_GL")
    os.environ["MUJOCO_GL"] = "disable"
    try:
        import mujoco
    finally:
        del os.environ["MUJOCO_GL"]
        if wanted is not None:
            os.environ["MUJOCO_GL"] = wanted
    return mujoco


def check_opengl() -> None:
    """Draw nothing, to see whether something could be drawn.

    Raises:
        NoOpenGL: no context could be made; the message says why.
    """
    empty = import_mujoco().MjModel.from_xml_string("<mujoco/>")
    Renderer(empty, (), (16, 16)).close()


def _camera(mujoco: Any, model: Any, name: str) -> Any:
    camera = mujoco.MjvCamera()
    camera.type = mujoco.mjtCamera.mjCAMERA_FIXED.value
    camera.fixedcamid = model.camera(name).id
    return camera


def _open_context(mujoco: Any, model: Any, height: int, width: int) -> tuple[Any, Any]:
    """An OpenGL context, of the kind that MUJOCO_GL names, and what MuJoCo draws with in it."""
    wanted = os.environ.get("MUJOCO_GL", "").lower().strip()
    if wanted in ("disable", "disabled", "off", "false", "0"):
        raise NoOpenGL(f"OpenGL is switched off by MUJOCO_GL={wanted}")
    os.environ.setdefault("LP_NUM_THREADS", "1")  # Mesa's software driver: stay on one core
    backend = wanted if wanted in ("egl", "osmesa", "glfw", "cgl") else _USUAL.get(sys.platform)
    try:
        kind = import_module(f"mujoco.{backend or 'glfw'}").GLContext
        context = kind.__new__(kind)
        context._context = None  # read by its destructor, also where its constructor has failed
        context.__init__(width, height)
        context.make_current()
        pixels = mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_100.value)
    except Exception as error:  # drivers and loaders fail in many ways, and each means this
        raise NoOpenGL(f"no OpenGL context could be made: {error}") from error
    mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN.value, pixels)
    return context, pixels
