import type { ServerResponse } from "node:http";
import path from "node:path";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { createLogger, defineConfig, type HttpServer, loadEnv, type Plugin, type ProxyOptions } from "vite";

// the environment, then .env beside the README: the same as for the server
const settings = loadEnv("", path.resolve(import.meta.dirname, ".."), "VISDL_");
const api = `127.0.0.1:${settings.VISDL_PORT ?? 8000}`;

// changeOrigin stays off, for sockets too: the server compares Origin with Host.
const proxy: Record<string, ProxyOptions> = {
  "/api": { target: `http://${api}`, changeOrigin: false },
  "/docs": { target: `http://${api}`, changeOrigin: false },
  "/openapi.json": { target: `http://${api}`, changeOrigin: false },
  "/ws": { target: `ws://${api}`, changeOrigin: false, ws: true },
};

// A page that is closed cuts its sockets, which is not an error; the API's own are in the API's log.
const customLogger = createLogger();
const logError = customLogger.error;
customLogger.error = (message, options) => {
  if (!message.includes("ws proxy")) logError(message, options);
};

// Node ends every request after five minutes, also an upload that still arrives. The API ends those that stop.
const allowSlowRequests = ({ httpServer }: { httpServer: HttpServer | null }) => {
  if (httpServer && "requestTimeout" in httpServer) httpServer.requestTimeout = 0;
};
const slowUploads: Plugin = {
  name: "slow-uploads",
  configureServer: allowSlowRequests,
  configurePreviewServer: allowSlowRequests,
};

// The built page runs nothing and asks nobody but what this server gives.
const headers = {
  "Content-Security-Policy":
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; font-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Resource-Policy": "same-origin",
};

// Of every answer: `preview.headers` leaves out a 404 and the answer to a name that is not allowed.
const withHeaders: Plugin = {
  name: "headers",
  configurePreviewServer({ httpServer }) {
    httpServer.prependListener("request", (_request: unknown, response: ServerResponse) => {
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    });
  },
};

const allowedHosts = (settings.VISDL_ALLOWED_HOSTS ?? "").split(",").flatMap((name) => name.trim() || []);
const port = Number(settings.VISDL_WEB_PORT ?? 5173);

export default defineConfig({
  // There is one page: any other address is a 404, not the page.
  appType: "mpa",
  customLogger,
  plugins: [react(), tailwindcss(), slowUploads, withHeaders],
  resolve: { alias: { "@": path.resolve(import.meta.dirname, "src") } },
  server: { host: "127.0.0.1", port, strictPort: true, proxy, allowedHosts, cors: false },
  preview: { host: "127.0.0.1", port, strictPort: true, proxy, allowedHosts, cors: false },
  build: { target: "es2022", chunkSizeWarningLimit: 900 },
});
