import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { CrashBoundary } from "@/app/crash/CrashBoundary";
import { App } from "./App";
import "@/app/styles/index.css";

const queries = new QueryClient({
  defaultOptions: { queries: { staleTime: 5_000, retry: false, refetchOnWindowFocus: true } },
});

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <CrashBoundary what="the page">
        <App />
      </CrashBoundary>
    </QueryClientProvider>
  </StrictMode>,
);
