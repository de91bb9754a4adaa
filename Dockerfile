# What `astro dev start` and `astro deploy` build: the runtime installs packages.txt and requirements.txt, then copies the project.
FROM astrocrpublic.azurecr.io/runtime:3.3-1

# Nothing reports home.
ENV DO_NOT_TRACK=1 \
    DBT_SEND_ANONYMOUS_USAGE_STATS=false \
    SLUICE_ROOT=/usr/local/airflow
