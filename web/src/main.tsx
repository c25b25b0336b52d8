import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app/App";
import { followSettings, keepOf } from "./app/applySettings";
import "./app/tokens.css";
import "./app/layout.css";
import { httpApi } from "./synapse/api";
import { SettingsContext, SynapseContext } from "./synapse/hooks";
import { followLaunchLinks, takeLaunchCode } from "./synapse/launch";
import { SettingsStore } from "./synapse/settings";
import { SynapseStore } from "./synapse/store";
import { browserWorld, socketUrl } from "./synapse/world";

const settings = new SettingsStore(keepOf(window));
// Before anything is drawn, so that no page of the wrong colours is seen.
followSettings(window, settings);

const code = takeLaunchCode(window.location, window.history);
const store = new SynapseStore(browserWorld(socketUrl(document.baseURI)), httpApi(document.baseURI));
if (code !== null) store.entrance.launch(code);
followLaunchLinks(window, store.entrance.launch);

const root = document.querySelector("#root");
if (!root) throw new Error("the page has no #root");

createRoot(root).render(
  <StrictMode>
    <SettingsContext value={settings}>
      <SynapseContext value={store}>
        <App store={store} />
      </SynapseContext>
    </SettingsContext>
  </StrictMode>,
);
