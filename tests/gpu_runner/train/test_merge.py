"""The adapter on its way into the weights."""

from __future__ import annotations

import pytest


@pytest.mark.torch
def test_a_shrunk_adapter_goes_that_share_of_the_way() -> None:
    """Half the scale halves the adapter's product and touches no other weight."""
    torch = pytest.importorskip("torch")
    from gpu_runner.train.merge import shrink

    torch.manual_seed(0)
    layer = torch.nn.ModuleDict(
        {"base": torch.nn.Linear(4, 4), "lora_A": torch.nn.ModuleDict({"default": torch.nn.Linear(4, 2, bias=False)})}
    )
    layer["lora_B"] = torch.nn.ModuleDict({"default": torch.nn.Linear(2, 4, bias=False)})
    model = torch.nn.ModuleDict({"layer": layer})
    product = (layer["lora_B"]["default"].weight @ layer["lora_A"]["default"].weight).detach().clone()
    base = layer["base"].weight.detach().clone()
    shrink(model, 0.5)
    assert torch.allclose(layer["lora_B"]["default"].weight @ layer["lora_A"]["default"].weight, product / 2)
    assert torch.equal(layer["base"].weight, base)
