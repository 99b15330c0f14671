# Tsunagi as one container. State lives in the volume or in DATABASE_URL.

FROM node:24-slim

ENV NODE_ENV=production
WORKDIR /app

# Dependencies first: they change less often than sources. The own PostgreSQL of the server comes with them, for this platform.
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev && npm cache clean --force

COPY profiles ./profiles
COPY fixtures/demo ./fixtures/demo
COPY wsdl ./wsdl
COPY src ./src

# The user below cannot write here, so the sources are put together now (docs/adr/0048).
RUN node src/cli/tsunagi.js --help > /dev/null

# PostgreSQL refuses to run as root, and so should everything that faces a network.
RUN mkdir -p /var/lib/tsunagi && chown node:node /var/lib/tsunagi
USER node

# Inside a container the doors have to listen on its address; what reaches them is decided by the published ports.
ENV TSUNAGI_DATA_DIR=/var/lib/tsunagi \
    TSUNAGI_HTTPS_HOST=0.0.0.0 \
    TSUNAGI_MLLP_HOST=0.0.0.0

VOLUME /var/lib/tsunagi
EXPOSE 8443 2575 2576

STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8080/readyz').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]

# Node itself is process 1 and hears the signals; npx would stand in between.
ENTRYPOINT ["node", "/app/src/cli/tsunagi.js"]
CMD ["serve"]
