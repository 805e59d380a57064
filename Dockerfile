# syntax=docker/dockerfile:1
# docker build -t model-training .                     the runner, with torch (the default target)
# docker build -t abhyas-services --target services .  gateway, consumers, live page and the abhyas command, without torch

FROM python:3.11-slim-bookworm AS python
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_DISABLE_PIP_VERSION_CHECK=1
# No login and no home of its own: whatever is written goes to the volumes or to /tmp.
RUN groupadd --system --gid 10001 abhyas \
 && useradd --system --uid 10001 --gid abhyas --home-dir /tmp --shell /usr/sbin/nologin abhyas \
 && mkdir -p /app/data /models \
 && chown abhyas:abhyas /app/data /models
WORKDIR /app

# Requirements are read off pyproject.toml, so that a change of the code does not install 5 GB again.
FROM python AS core-packages
COPY pyproject.toml constraints.txt ./
RUN --mount=type=cache,target=/root/.cache/pip \
    python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies'], sep='\n')" > core.txt \
 && python -m venv /opt/abhyas \
 && /opt/abhyas/bin/pip install --constraint constraints.txt --requirement core.txt setuptools

FROM core-packages AS train-packages
RUN --mount=type=cache,target=/root/.cache/pip \
    python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['optional-dependencies']['train'], sep='\n')" > train.txt \
 && /opt/abhyas/bin/pip install --constraint constraints.txt --requirement train.txt

FROM python AS source
COPY pyproject.toml README.md ./
COPY schemas schemas
COPY producers producers
COPY consumers consumers
COPY gpu_runner gpu_runner
COPY ops ops

FROM core-packages AS core-installed
COPY --from=source /app /app
RUN /opt/abhyas/bin/pip install --no-deps --no-build-isolation .

FROM train-packages AS train-installed
COPY --from=source /app /app
RUN /opt/abhyas/bin/pip install --no-deps --no-build-isolation .

FROM python AS services
COPY --from=core-installed /opt/abhyas /opt/abhyas
ENV PATH=/opt/abhyas/bin:$PATH HOST=0.0.0.0 DATA_DIR=/app/data
USER abhyas
EXPOSE 8008 8009 8010
CMD ["abhyas", "--help"]

FROM python AS runner
COPY --from=train-installed /opt/abhyas /opt/abhyas
# Training never fetches: the supervisor gets a base model beforehand, into /models.
ENV PATH=/opt/abhyas/bin:$PATH HOST=0.0.0.0 DATA_DIR=/app/data MODELS_DIR=/models HF_HOME=/models/hub
USER abhyas
VOLUME ["/app/data", "/models"]
EXPOSE 8007
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8007/health', timeout=4)"]
CMD ["python", "-m", "gpu_runner"]
