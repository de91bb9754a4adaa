# What `astro dev start` and `astro deploy` build. The -base distribution: the other one installs requirements.txt as soon as
# FROM is read, before a line of this file could say with which constraints.
FROM astrocrpublic.azurecr.io/runtime:3.3-1-base

# Nothing reports home.
ENV DO_NOT_TRACK=1 \
    DBT_SEND_ANONYMOUS_USAGE_STATS=false \
    SLUICE_ROOT=/usr/local/airflow

USER root
WORKDIR /usr/local/airflow
COPY packages.txt .
RUN apt-get update \
    && xargs --no-run-if-empty --arg-file=packages.txt apt-get install -y --no-install-recommends \
    && rm -rf /var/lib/apt/lists/*

# -c rather than PIP_CONSTRAINT: the variable would take the place of the image's own constraints, and would still be there
# at run time, for environments that tasks make.
COPY requirements.txt constraints.txt ./
RUN pip install --no-cache-dir -c constraints.txt -r requirements.txt

COPY --chown=astro:0 . .
# The command `sluice`. Editable, so that there is one copy of the code: that of plugins/.
RUN pip install --no-cache-dir --no-deps -e .
USER astro
