"""ComfyUISetupAPI: one small class per area, found by the name of the endpoint."""

from __future__ import annotations

from typing import final

from pydantic import BaseModel

from backend.api.areas.models import ModelsApi
from backend.api.areas.operations import OperationsApi
from backend.api.areas.settings import SettingsApi
from backend.api.areas.system import SystemApi
from backend.api.areas.versions import VersionsApi
from backend.api.areas.window import WindowApi
from backend.api.endpoint import Endpoint


@final
class ComfyUISetupAPI:
    """`api.versions.install(request)` and its kin: typed methods that answer in milliseconds."""

    def __init__(
        self,
        *,
        versions: VersionsApi,
        models: ModelsApi,
        operations: OperationsApi,
        settings: SettingsApi,
        system: SystemApi,
        window: WindowApi,
    ) -> None:
        self.versions = versions
        self.models = models
        self.operations = operations
        self.settings = settings
        self.system = system
        self.window = window

    def call(self, endpoint: Endpoint, request: BaseModel) -> BaseModel:
        """Runs the method of an endpoint of the table; nothing outside the table is reachable."""
        method = getattr(getattr(self, endpoint.area), endpoint.method)
        result = method(request)
        assert isinstance(result, BaseModel)
        return result
