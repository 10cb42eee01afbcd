import "./tokens.css";

import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { followFiles } from "../store/saving";
import { feed, followLists } from "../store/session";
import { followAddress } from "../store/route";
import { App } from "./App";

followAddress();
followLists();
followFiles();
feed.start();

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
