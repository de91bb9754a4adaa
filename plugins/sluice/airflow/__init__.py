"""The face: the only room that imports Airflow."""
