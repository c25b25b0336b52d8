import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app/App";
import "./app/tokens.css";
import "./app/layout.css";
import { httpApi } from "./synapse/api";
import { SynapseContext } from "./synapse/hooks";
import { SynapseStore } from "./synapse/store";
import { browserWorld, socketUrl } from "./synapse/world";

const store = new SynapseStore(browserWorld(socketUrl(document.baseURI)), httpApi(document.baseURI));
const root = document.querySelector("#root");
if (!root) throw new Error("the page has no #root");

createRoot(root).render(
  <StrictMode>
    <SynapseContext value={store}>
      <App store={store} />
    </SynapseContext>
  </StrictMode>,
);
