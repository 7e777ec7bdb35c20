"""A Spark job that reads and writes PostgreSQL, files and a table of its own; the OpenLineage listener tells of it.

Run with spark-submit: spark-job.py JDBC_URL WAREHOUSE_DIRECTORY. See README.md beside it.
"""
import sys

from pyspark.sql import SparkSession

jdbc_url, warehouse = sys.argv[1:3]
spark = (
    SparkSession.builder.appName("daily sales")
    .config("spark.sql.warehouse.dir", warehouse)
    .config("spark.ui.enabled", "false")
    .config("spark.sql.shuffle.partitions", "1")
    .getOrCreate()
)


def table(name):
    properties = {"driver": "org.postgresql.Driver"}
    return spark.read.jdbc(jdbc_url, name, properties=properties)


table("public.orders").createOrReplaceTempView("orders")
table("public.customers").createOrReplaceTempView("customers")
sales = spark.sql(
    """
    SELECT c.country, o.day, sum(o.amount) AS total, max(upper(c.name)) AS largest
    FROM orders o JOIN customers c ON o.customer_id = c.id
    WHERE o.state = 'paid'
    GROUP BY c.country, o.day
    """
)
sales.write.jdbc(jdbc_url, "public.daily_sales", mode="append", properties={"driver": "org.postgresql.Driver"})
sales.write.mode("overwrite").saveAsTable("sales_of_days")
spark.sql("CREATE TABLE totals USING parquet AS SELECT country, sum(total) AS total FROM sales_of_days GROUP BY country")
spark.table("totals").write.mode("overwrite").parquet(warehouse + "/export/totals")
spark.stop()
