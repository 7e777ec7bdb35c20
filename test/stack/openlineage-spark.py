"""Reads two tables of PostgreSQL and a file, writes a table and a file: openlineage-spark.py JDBC_URL DIRECTORY.

It says nothing of lineage: the OpenLineage listener of the session that spark-submit configures does.
"""
import sys

from pyspark.sql import SparkSession

jdbc_url, directory = sys.argv[1:3]
spark = SparkSession.builder.appName("daily sales").getOrCreate()
properties = {"driver": "org.postgresql.Driver"}

spark.read.jdbc(jdbc_url, "sales.orders", properties=properties).createOrReplaceTempView("orders")
spark.read.jdbc(jdbc_url, "sales.customers", properties=properties).createOrReplaceTempView("customers")
daily = spark.sql(
    """
    SELECT c.country, o.day, sum(o.amount) AS total, max(upper(c.name)) AS largest
    FROM orders o JOIN customers c ON o.customer_id = c.id
    WHERE o.state = 'paid'
    GROUP BY c.country, o.day
    """
)
daily.write.jdbc(jdbc_url, "report.daily", mode="append", properties=properties)

spark.read.jdbc(jdbc_url, "report.daily", properties=properties).createOrReplaceTempView("daily")
spark.read.csv(directory + "/rates.csv", schema="country string, rate decimal(9,4)", header=True).createOrReplaceTempView("rates")
converted = spark.sql(
    "SELECT d.day, sum(d.total * r.rate) AS euro FROM daily d JOIN rates r ON r.country = d.country GROUP BY d.day"
)
converted.write.mode("overwrite").parquet(directory + "/converted")
spark.stop()
