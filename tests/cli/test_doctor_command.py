import json

from animate_anyone.cli.app import app


def test_the_doctor_speaks_to_people_and_programs(cli, model, monkeypatch):
    monkeypatch.setattr("animate_anyone.devices.rates.SECONDS", 0.001)
    result = cli.invoke(app, ["doctor", str(model), "--frames", "20", "--device", "cpu"])
    assert result.exit_code == 0, result.output
    for word in ("processor", "Extras", "mini", "20 of 1024 pixels, such as 32x32", "2 steps, guidance 2", "memory"):
        assert word in result.stdout
    result = cli.invoke(app, ["doctor", str(model), "--json", "--steps", "4", "--area", "48x48", "--device", "cpu"])
    found = json.loads(result.stdout)
    asked = {"num_frames": 24, "num_steps": 4, "guidance_scale": 2.0, "area": 2304}
    assert found["asked"] == asked | {"preset": "exact", "windows_at_once": 1}
    assert found["fits"] is True and found["seconds"]["denoising"] > 0
    streamed = json.loads(cli.invoke(app, ["doctor", str(model), "--json", "--preset", "stream"]).stdout)
    assert streamed["asked"]["num_steps"] == 2 and streamed["asked"]["guidance_scale"] == 1
    refused = cli.invoke(app, ["doctor", str(model), "--preset", "stream", "--guidance", "2"])
    assert refused.exit_code == 1 and "has no guidance" in refused.stderr
    refused = cli.invoke(app, ["doctor", str(model), "--preset", "stream", "--steps", "9", "--device", "cpu"])
    assert refused.exit_code == 1 and "takes at most 8 steps, the frames of its window; got 9" in refused.stderr
    index = json.loads((model / "model_index.json").read_text())
    del index["num_inference_steps"], index["guidance_scale"]
    (model / "model_index.json").write_text(json.dumps(index))
    assert "25 steps, guidance 3.5" in cli.invoke(app, ["doctor", str(model), "--device", "cpu"]).stdout
    (model / "model_index.json").write_text("{")
    assert "cannot be read as JSON" in cli.invoke(app, ["doctor", str(model)]).stderr
    assert cli.invoke(app, ["doctor", "none such"]).stderr.startswith("Error: There is no model 'none such'")
    assert "hub repository" in cli.invoke(app, ["doctor", "owner/name"]).stderr
