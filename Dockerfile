# syntax=docker/dockerfile:1
# Two stages: build with everything, run with what the exporter needs, as a user without rights.

FROM node:24.11.0-bookworm-slim AS build
WORKDIR /build
# The image brings Node.js itself, so no install script has to fetch another one.
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json tsconfig.page.json ./
COPY scripts/copy-assets.ts ./scripts/
COPY src ./src
RUN npm run build && npm prune --omit=dev --ignore-scripts

FROM node:24.11.0-bookworm-slim
# Chromium prints the PDF reports; tini passes signals on and reaps its helpers.
RUN apt-get update \
 && apt-get install -y --no-install-recommends chromium-headless-shell fonts-dejavu-core fonts-noto-core tini \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY --from=build /build/node_modules ./node_modules
COPY --from=build /build/dist ./dist
COPY package.json LICENSE ./
COPY alertmanager ./alertmanager
COPY docs ./docs
# User 65534 is nobody, as in the images of Prometheus and Alertmanager: they can read what `render` writes for them alone.
# New volumes at these two folders take over the owner.
RUN install -d -o 65534 -g 65534 /exporter/.data /rendered
USER 65534:65534
WORKDIR /exporter
ENV NODE_ENV=production HOME=/tmp
EXPOSE 19292
# Plain or TLS: its own certificate need not be judged.
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'; const ask = (scheme) => fetch(scheme + '://127.0.0.1:19292/-/healthy').then((reply) => reply.ok); ask('http').catch(() => ask('https')).then((ok) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["/usr/bin/tini", "--", "node", "--min-semi-space-size=8", "--max-semi-space-size=64", "/app/dist/main.js"]
CMD ["serve", "--listen", "0.0.0.0:19292"]
