"""Networks: shapes, positions, random streams, torchvision's names, input transforms."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ilsweep.trainers.nets.dropout import Dropout
from ilsweep.trainers.nets.preprocessing import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    Preprocessor,
    normalise_images,
)
from ilsweep.trainers.nets.resnet import FrozenBatchNorm2d, ResNet18
from ilsweep.trainers.nets.rng import RandomStream
from ilsweep.trainers.nets.transformer import Attention, Encoder, sinusoid, sinusoid_2d
from tests.trainers.tiny import tiny_demonstrations


@pytest.mark.parametrize(("stride", "size"), [(8, (8, 10)), (16, (4, 5)), (32, (2, 3))])
def test_resnet_keeps_the_resolution_that_its_stride_says(
    stride: int, size: tuple[int, int]
) -> None:
    net = ResNet18(4, stride=stride)
    assert net(torch.zeros(2, 3, 64, 80)).shape == (2, 32, *size)


def test_resnet_has_torchvisions_names_and_size() -> None:
    parameters = dict(ResNet18(64).named_parameters())
    # torchvision's resnet18 has 11,689,512 parameters, of which its classifier holds 513,000.
    assert sum(p.numel() for p in parameters.values()) == 11_689_512 - 513_000
    assert parameters["layer4.0.downsample.0.weight"].shape == (512, 256, 1, 1)
    assert parameters["layer3.1.bn2.bias"].shape == (256,)
    assert "layer1.0.downsample.0.weight" not in parameters


def test_resnet_loads_weights_with_their_classifier_and_freezes_the_normalisation(
    tmp_path: Path,
) -> None:
    path = tmp_path / "resnet18.pth"
    torch.save(_torchvision_state(4), path)
    net = ResNet18(4, weights=path)
    assert isinstance(net.bn1, FrozenBatchNorm2d)
    assert (net.bn1.running_var == 4.0).all()
    assert not any("bn" in name for name, _ in net.named_parameters())
    batch_norm = torch.nn.BatchNorm2d(4)
    batch_norm.load_state_dict(net.bn1.state_dict(), strict=False)
    x = torch.randn(2, 4, 5, 5)
    torch.testing.assert_close(net.bn1(x), batch_norm.eval()(x))


def test_resnet_refuses_weights_of_another_width(tmp_path: Path) -> None:
    torch.save(_torchvision_state(8), tmp_path / "wide.pth")
    with pytest.raises(ValueError, match=r"wide\.pth: not the weights of this ResNet-18"):
        ResNet18(4, weights=tmp_path / "wide.pth")


def _torchvision_state(width: int) -> dict[str, torch.Tensor]:
    """The state dict of a ResNet-18 with batch normalisation, as torchvision would save it."""
    state = {"fc.weight": torch.zeros(10, 8 * width), "fc.bias": torch.zeros(10)}
    for name, value in ResNet18(width).state_dict().items():
        state[name] = value
        if name.endswith(("bn1.weight", "bn2.weight", "downsample.1.weight")):
            stem = name.removesuffix("weight")
            state[f"{stem}running_mean"] = torch.ones_like(value)
            state[f"{stem}running_var"] = torch.full_like(value, 4.0)
            state[f"{stem}num_batches_tracked"] = torch.tensor(3)
    return state


def test_attention_equals_that_of_torch() -> None:
    ours = Attention(8, 2, 0.0).eval()
    theirs = torch.nn.MultiheadAttention(8, 2, batch_first=True).eval()
    with torch.no_grad():
        parts = (ours.query, ours.key, ours.value)
        theirs.in_proj_weight.copy_(torch.cat([part.weight for part in parts]))
        theirs.in_proj_bias.copy_(torch.cat([part.bias for part in parts]))
    theirs.out_proj.load_state_dict(ours.output.state_dict())
    query, key, value = torch.randn(3, 4, 8), torch.randn(3, 6, 8), torch.randn(3, 6, 8)
    pad = torch.arange(6) >= torch.tensor([6, 3, 1])[:, None]
    expected, _ = theirs(query, key, value, key_padding_mask=pad)
    torch.testing.assert_close(ours(query, key, value, pad), expected)


def test_encoder_does_not_see_what_is_padded() -> None:
    encoder = Encoder(2, 8, 2, 16, 0.0).eval()
    x, position = torch.randn(1, 5, 8), torch.randn(5, 8)
    pad = torch.tensor([[False, False, False, True, True]])
    changed = x.clone()
    changed[:, 3:] = 100.0
    torch.testing.assert_close(
        encoder(x, position, pad)[:, :3], encoder(changed, position, pad)[:, :3]
    )


def test_sinusoid_turns_by_a_fixed_rotation_per_step() -> None:
    # The property for which Vaswani et al. chose it: the dot product depends on the distance alone.
    table = sinusoid(torch.arange(20), 16)
    products = table @ table.T
    for distance in range(1, 5):
        along = products.diagonal(distance)
        torch.testing.assert_close(along, along[0].expand_as(along), atol=1e-4, rtol=0)


def test_sinusoid_2d_tells_every_place_apart() -> None:
    table = sinusoid_2d(4, 5, 16, torch.device("cpu"))
    assert table.shape == (20, 16)
    assert torch.cdist(table, table).fill_diagonal_(9.0).min() > 0.1


def test_image_norms() -> None:
    pixels = torch.full((1, 2, 4, 5, 3), 255, dtype=torch.uint8)
    assert normalise_images(pixels, "none").shape == (1, 2, 3, 4, 5)
    assert normalise_images(pixels, "none").max() == 255.0
    assert normalise_images(pixels, "unit").max() == 1.0
    red = normalise_images(pixels, "imagenet")[0, 0, 0, 0, 0]
    assert float(red) == pytest.approx((1 - 0.485) / 0.229)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
def test_images_are_normalised_as_pixel_by_pixel_and_left_as_they_were(dtype: torch.dtype) -> None:
    pixels = torch.randint(256, (2, 1, 4, 5, 3), dtype=torch.uint8).to(dtype)
    before = pixels.clone()
    mean, std = (torch.tensor(each) for each in (IMAGENET_MEAN, IMAGENET_STD))
    expected = ((pixels.to(torch.float32) / 255.0 - mean) / std).movedim(-1, -3)
    assert torch.equal(normalise_images(pixels, "imagenet"), expected)
    assert torch.equal(pixels, before)


@pytest.mark.parametrize("control", ["joint", "ee"])
def test_codec_standardises_training_data_and_returns_to_physical_units(control: str) -> None:
    data = tiny_demonstrations()
    preprocessor = Preprocessor(data, data.control(control), "cpu")
    frames = data.source.train_frames
    chunks = preprocessor.chunks(data.source, frames, 1)
    flat = chunks.actions[:, 0]
    torch.testing.assert_close(
        flat.mean(0), torch.zeros(preprocessor.action_dim), atol=1e-4, rtol=0
    )
    assert (flat.std(0) < 1.1).all()
    actions = data.source[data.control(control).action.key][frames]
    np.testing.assert_allclose(
        preprocessor.physical(chunks.actions, preprocessor.states(data.source, frames))[:, 0],
        actions,
        atol=1e-5,
    )


def test_a_stream_is_its_seeds_alone_and_leaves_the_global_one_untouched() -> None:
    torch.manual_seed(5)
    expected_outside = torch.rand(2)
    torch.manual_seed(5)
    first, second = RandomStream(1), RandomStream(1)
    with first:
        a = torch.rand(2)
    with second:
        b = torch.rand(1)
    torch.testing.assert_close(torch.rand(2), expected_outside, rtol=0, atol=0)
    with second:
        rest = torch.rand(1)
    torch.testing.assert_close(torch.cat((b, rest)), a, rtol=0, atol=0)


def test_a_stream_goes_on_from_its_state() -> None:
    stream, other = RandomStream(1), RandomStream(2)
    with stream:
        torch.rand(3)
    other.load_state_dict(stream.state_dict())
    with stream:
        expected = torch.rand(3)
    with other:
        torch.testing.assert_close(torch.rand(3), expected, rtol=0, atol=0)


def test_a_stream_keeps_its_place_when_a_step_raises() -> None:
    stream = RandomStream(1)
    before = torch.get_rng_state()
    with pytest.raises(RuntimeError, match="broken"), stream:
        raise RuntimeError("broken")
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("probability", [0.1, 0.5, 0.9])
def test_dropout_drops_its_share_and_keeps_the_mean_and_the_gradient(probability: float) -> None:
    x = torch.ones(401, 501, requires_grad=True)
    with RandomStream(0):
        y = Dropout(probability)(x)
    dropped = y.detach() == 0
    assert float(dropped.float().mean()) == pytest.approx(probability, abs=5e-3)
    assert float(y.detach().mean()) == pytest.approx(1.0, abs=0.02)
    # Neighbours and rows fall independently of each other.
    pairs = (dropped[:, 1:] & dropped[:, :-1]).float().mean()
    assert float(pairs) == pytest.approx(probability**2, abs=5e-3)
    y.sum().backward()
    torch.testing.assert_close(x.grad, y.detach())


def test_dropout_does_nothing_at_zero_or_in_evaluation() -> None:
    x = torch.randn(5)
    assert Dropout(0.0)(x) is x
    assert Dropout(0.5).eval()(x) is x
