"""Says how to fetch what is not read from where it is: hubs, scripts, cloud storage."""

from __future__ import annotations

from loresmith.datasets.named.entry import DatasetEntry


def is_elsewhere(entry: DatasetEntry) -> bool:
    """Whether its rows are in no file here. As in LLaMA Factory, a hub wins over a file."""
    return bool(_hub(entry) or entry.script_url or entry.cloud_file_name)


def how_to_fetch(name: str, entry: DatasetEntry) -> list[str]:
    """A fault of the entry, with what to do about it, where its rows are in no file here."""
    faults: list[str] = []
    hub = _hub(entry)
    if hub:
        url = getattr(entry, hub)
        target = url.rstrip("/").rsplit("/", 1)[-1]
        faults.append(
            f"{name}.{hub}: {url} is on a hub, and rows are read from files: fetch it into this "
            f'folder ({_commands(entry, target)}), and write "file_name": "{target}" instead, or '
            "the file in it"
        )
    elif entry.script_url:
        faults.append(
            f"{name}.script_url: a loading script is not run: write its rows into a file, and name "
            "that as file_name instead"
        )
    elif entry.cloud_file_name:
        faults.append(
            f"{name}.cloud_file_name: {entry.cloud_file_name} is in cloud storage: fetch it into "
            "this folder, and name it as file_name instead"
        )
    return faults


def _hub(entry: DatasetEntry) -> str | None:
    keys = ("hf_hub_url", "ms_hub_url", "om_hub_url")
    return next((key for key in keys if getattr(entry, key)), None)


def _commands(entry: DatasetEntry, target: str) -> str:
    """What fetches it from each hub that has it."""
    commands = []
    if entry.hf_hub_url:
        commands.append(f"hf download {entry.hf_hub_url} --repo-type dataset --local-dir {target}")
    if entry.ms_hub_url:
        commands.append(f"modelscope download --dataset {entry.ms_hub_url} --local_dir {target}")
    if entry.om_hub_url and not commands:
        commands.append(f"https://modelers.cn/datasets/{entry.om_hub_url}")
    return ", or ".join(commands)
