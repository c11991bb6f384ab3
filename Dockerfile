# The API, the worker and the preparation: one image, told apart by the command. The stores are other containers.
FROM python:3.13-slim AS build
WORKDIR /srv/trefoil
COPY requirements.lock pyproject.toml ./
RUN python -m venv .venv && .venv/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY . .
RUN .venv/bin/pip install --no-cache-dir --no-deps --no-build-isolation -e .

FROM python:3.13-slim
RUN useradd --system --uid 10001 --create-home trefoil && install -d -o trefoil -m 700 /var/lib/trefoil
COPY --from=build /srv/trefoil /srv/trefoil
WORKDIR /srv/trefoil
ENV PATH=/srv/trefoil/.venv/bin:$PATH PYTHONUNBUFFERED=1 TREFOIL_DATA=/var/lib/trefoil
USER trefoil
VOLUME /var/lib/trefoil
CMD ["python", "-m", "ops.processes", "api", "--data", "/var/lib/trefoil"]
