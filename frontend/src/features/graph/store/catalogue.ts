/** The node types of the server. Palette, ports, forms and help are built from them. */
import { create } from "zustand";
import { fetchCatalogue } from "@/shared/api/nodes";
import type { Diagnostic, NodeInfo, UnavailableNode } from "@/shared/api/types";

interface CatalogueState {
  types: Readonly<Record<string, NodeInfo>>;
  /** Node types that the server's version of torch lacks. */
  unavailable: UnavailableNode[];
  /** Custom node files that could not be used. */
  diagnostics: Diagnostic[];
  status: "loading" | "ready" | "failed";
}

export const useCatalogue = create<CatalogueState>()(() => ({
  types: {},
  unavailable: [],
  diagnostics: [],
  status: "loading",
}));

/** Load the catalogue; the previous one stays if the server does not answer. */
export async function loadCatalogue(): Promise<void> {
  try {
    useCatalogue.setState({ ...(await fetchCatalogue()), status: "ready" });
  } catch {
    useCatalogue.setState(({ status }) => ({ status: status === "ready" ? "ready" : "failed" }));
  }
}
