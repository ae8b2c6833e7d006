"""Devices: what this machine computes with, how busy and how well it is, and what of it is ours."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from loresmith.api.dependencies import HomeHere
from loresmith.web.rendering import render
from loresmith.workspace.doctor import machine_findings
from loresmith.workspace.machine_use import machine_use

router = APIRouter(prefix="/devices")


@router.get("")
def index(request: Request, home: HomeHere) -> Response:
    """The machine now; the page goes on asking."""
    return render(request, "devices/index.html", page="devices", machine=machine_use(home))


@router.get("/now")
def now(request: Request, home: HomeHere) -> Response:
    """The figures alone."""
    return render(request, "devices/_now.html", machine=machine_use(home))


@router.get("/findings")
def findings(request: Request) -> Response:
    """What is wrong with the machine, with the fix; takes seconds."""
    return render(request, "devices/_findings.html", findings=machine_findings())
