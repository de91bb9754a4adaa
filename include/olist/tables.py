"""The nine tables of the dataset: file names and columns as published, and the types they get in Snowflake."""

from __future__ import annotations

from dataclasses import dataclass

TEXT, WHOLE, MONEY, REAL, MOMENT = "VARCHAR", "NUMBER(38,0)", "NUMBER(12,2)", "FLOAT", "TIMESTAMP_NTZ"
LOADED_AT = "_LOADED_AT"


@dataclass(frozen=True, slots=True)
class Table:
    """One raw table: its name is its file's name, its key finds a row that comes again."""

    name: str
    columns: tuple[tuple[str, str], ...]
    key: tuple[str, ...]

    @property
    def file(self) -> str:
        """The name of the published CSV file."""
        return f"{self.name}.csv"

    @property
    def names(self) -> tuple[str, ...]:
        """The column names as published."""
        return tuple(name for name, _ in self.columns)


CUSTOMERS = Table(
    "olist_customers_dataset",
    (
        ("customer_id", TEXT),
        ("customer_unique_id", TEXT),
        ("customer_zip_code_prefix", TEXT),
        ("customer_city", TEXT),
        ("customer_state", TEXT),
    ),
    ("customer_id",),
)
GEOLOCATION = Table(
    "olist_geolocation_dataset",
    (
        ("geolocation_zip_code_prefix", TEXT),
        ("geolocation_lat", REAL),
        ("geolocation_lng", REAL),
        ("geolocation_city", TEXT),
        ("geolocation_state", TEXT),
    ),
    ("geolocation_zip_code_prefix", "geolocation_lat", "geolocation_lng"),
)
ITEMS = Table(
    "olist_order_items_dataset",
    (
        ("order_id", TEXT),
        ("order_item_id", WHOLE),
        ("product_id", TEXT),
        ("seller_id", TEXT),
        ("shipping_limit_date", MOMENT),
        ("price", MONEY),
        ("freight_value", MONEY),
    ),
    ("order_id", "order_item_id"),
)
PAYMENTS = Table(
    "olist_order_payments_dataset",
    (
        ("order_id", TEXT),
        ("payment_sequential", WHOLE),
        ("payment_type", TEXT),
        ("payment_installments", WHOLE),
        ("payment_value", MONEY),
    ),
    ("order_id", "payment_sequential"),
)
REVIEWS = Table(
    "olist_order_reviews_dataset",
    (
        ("review_id", TEXT),
        ("order_id", TEXT),
        ("review_score", WHOLE),
        ("review_comment_title", TEXT),
        ("review_comment_message", TEXT),
        ("review_creation_date", MOMENT),
        ("review_answer_timestamp", MOMENT),
    ),
    ("review_id", "order_id"),
)
ORDERS = Table(
    "olist_orders_dataset",
    (
        ("order_id", TEXT),
        ("customer_id", TEXT),
        ("order_status", TEXT),
        ("order_purchase_timestamp", MOMENT),
        ("order_approved_at", MOMENT),
        ("order_delivered_carrier_date", MOMENT),
        ("order_delivered_customer_date", MOMENT),
        ("order_estimated_delivery_date", MOMENT),
    ),
    ("order_id",),
)
PRODUCTS = Table(
    "olist_products_dataset",
    (
        ("product_id", TEXT),
        ("product_category_name", TEXT),
        ("product_name_lenght", WHOLE),  # spelt so in the published file
        ("product_description_lenght", WHOLE),
        ("product_photos_qty", WHOLE),
        ("product_weight_g", WHOLE),
        ("product_length_cm", WHOLE),
        ("product_height_cm", WHOLE),
        ("product_width_cm", WHOLE),
    ),
    ("product_id",),
)
SELLERS = Table(
    "olist_sellers_dataset",
    (
        ("seller_id", TEXT),
        ("seller_zip_code_prefix", TEXT),
        ("seller_city", TEXT),
        ("seller_state", TEXT),
    ),
    ("seller_id",),
)
TRANSLATION = Table(
    "product_category_name_translation",
    (("product_category_name", TEXT), ("product_category_name_english", TEXT)),
    ("product_category_name",),
)

TABLES = (CUSTOMERS, GEOLOCATION, ITEMS, PAYMENTS, REVIEWS, ORDERS, PRODUCTS, SELLERS, TRANSLATION)
