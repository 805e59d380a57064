# docker build -t model-training .                     the runner, with torch (the default target)
# docker build -t abhyas-services --target services .  gateway, consumers, live page and the abhyas command, without torch

FROM python:3.11-slim-bookworm AS python
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_DISABLE_PIP_VERSION_CHECK=1
# No login and no home of its own: whatever is written goes to the volumes or to /tmp.
RUN groupadd --gid 10001 abhyas \
 && useradd --uid 10001 --gid abhyas --no-create-home --home-dir /tmp --shell /usr/sbin/nologin abhyas \
 && mkdir -p /app/data /models \
 && chown abhyas:abhyas /app/data /models
COPY deploy/answers /usr/local/bin/answers
WORKDIR /app

# Requirements are read off pyproject.toml, so that a change of the code, or of anything else in that file, does not install 5 GB again.
FROM python AS requirements
COPY pyproject.toml constraints.txt /requirements/
RUN cd /requirements \
 && python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies'], sep='\n')" > core.txt \
 && python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['optional-dependencies']['train'], sep='\n')" > train.txt \
 && rm pyproject.toml

# The dependencies are layers of their own below the code's, and those of the services lie below torch's too: shared by both images.
FROM python AS core-packages
COPY --from=requirements /requirements/constraints.txt /requirements/core.txt /requirements/
RUN --mount=type=cache,target=/root/.cache/pip \
    python -m venv /opt/abhyas \
 && /opt/abhyas/bin/pip install --constraint /requirements/constraints.txt --requirement /requirements/core.txt setuptools

FROM core-packages AS train-packages
COPY --from=requirements /requirements/train.txt /requirements/
RUN --mount=type=cache,target=/root/.cache/pip \
    /opt/abhyas/bin/pip install --constraint /requirements/constraints.txt --requirement /requirements/train.txt

# What installing the code adds to /opt/abhyas, and nothing else.
FROM core-packages AS code
COPY pyproject.toml README.md ./
COPY schemas schemas
COPY runtime runtime
COPY producers producers
COPY consumers consumers
COPY gpu_runner gpu_runner
COPY ops ops
RUN /opt/abhyas/bin/pip install --no-deps --no-build-isolation --root /code .

FROM core-packages AS services
COPY --from=code /code/opt/abhyas /opt/abhyas
ENV PATH=/opt/abhyas/bin:$PATH HOST=0.0.0.0 DATA_DIR=/app/data
USER abhyas
EXPOSE 8008 8009 8010
CMD ["abhyas", "--help"]

FROM train-packages AS runner
COPY --from=code /code/opt/abhyas /opt/abhyas
# Training never fetches: the supervisor gets a base model beforehand, into /models.
ENV PATH=/opt/abhyas/bin:$PATH HOST=0.0.0.0 DATA_DIR=/app/data MODELS_DIR=/models HF_HOME=/models/hub
USER abhyas
VOLUME ["/app/data", "/models"]
EXPOSE 8007
HEALTHCHECK --interval=30s --timeout=20s --start-period=60s CMD ["answers", "8007", "/health"]
CMD ["python", "-m", "gpu_runner"]
