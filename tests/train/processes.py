"""Runs in processes of their own, made by a server that imports all there is to import once for all of them."""

import multiprocessing
import os
import socket
from multiprocessing.process import BaseProcess

from animate_anyone.train.config import TrainConfig
from animate_anyone.train.loop import run

SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(["animate_anyone.train.loop", "accelerate"])


def start(config: TrainConfig) -> BaseProcess:
    """Starts a run."""
    process = SERVER.Process(target=run, args=(config,))
    process.start()
    return process


def start_together(config: TrainConfig, *, number: int) -> list[BaseProcess]:
    """Starts a run that several processes share, each told what torchrun tells it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    place = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": str(number)}
    processes: list[BaseProcess] = []
    for rank in range(number):
        environment = place | {"RANK": str(rank), "LOCAL_RANK": str(rank), "LOCAL_WORLD_SIZE": str(number)}
        processes.append(SERVER.Process(target=run_as, args=(config, environment)))
        processes[-1].start()
    return processes


def run_as(config: TrainConfig, environment: dict[str, str]) -> None:
    """A run under variables of the environment."""
    os.environ.update(environment)
    run(config)
