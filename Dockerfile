# syntax=docker/dockerfile:1

# Gatehouse in a container. It serves on port 3000, writes nothing, and needs a MongoDB of its own: see compose.yaml.

# The libraries that production needs, exactly as locked. Node comes with the image, so the copy that npm carries for
# older machines (an optional dependency) stays out; so do the tools for developing. No library gets to run anything here.
FROM node:24.21.0-trixie-slim AS libraries
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --omit=optional --ignore-scripts

FROM node:24.21.0-trixie-slim
ENV NODE_ENV=production
WORKDIR /app

# Nothing is installed any more, so there is no package manager to misuse.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /opt/yarn-*

# All of it belongs to root, and the program runs as somebody else: it cannot change itself.
COPY --from=libraries /app/node_modules ./node_modules
COPY package.json LICENSE ./
COPY config ./config
COPY views ./views
COPY src ./src

# The user "node" of the image, by number, so that orchestrators can tell it is not root.
USER 1000:1000
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --start-interval=2s --retries=3 \
  CMD ["node", "src/cli/main.ts", "health"]
CMD ["node", "--import", "./src/node-version.mjs", "src/main.ts"]
