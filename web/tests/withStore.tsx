import { type RenderResult, render } from "@testing-library/preact";
import type { ReactNode } from "react";
import { SettingsContext, SynapseContext } from "../src/synapse/hooks";
import { type Settings, SettingsStore } from "../src/synapse/settings";
import { SynapseStore } from "../src/synapse/store";
import { fakeApi } from "./fakeApi";
import { FakeWorld } from "./fakeWorld";

/** Renders with a store that hears nothing, and with settings that last as long as the test. */
export function renderWithStore(node: ReactNode, settings: Partial<Settings> = {}): RenderResult {
  const store = new SynapseStore(new FakeWorld(), fakeApi());
  const chosen = new SettingsStore(null);
  chosen.set(settings);
  return render(
    <SettingsContext value={chosen}>
      <SynapseContext value={store}>{node}</SynapseContext>
    </SettingsContext>,
  );
}
