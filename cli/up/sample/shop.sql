-- A small shop, as real as a sample can be: what a crawler has to cope with is in it somewhere.

CREATE SCHEMA sales;
CREATE SCHEMA catalog;
CREATE SCHEMA logistics;
CREATE SCHEMA reporting;
COMMENT ON SCHEMA sales IS 'Customers, what they order and how they pay';
COMMENT ON SCHEMA catalog IS 'What the shop sells';
COMMENT ON SCHEMA logistics IS 'Warehouses, stock and shipments';
COMMENT ON SCHEMA reporting IS 'Figures for the morning meeting';
COMMENT ON DATABASE shop IS 'Sample shop: orders, products and shipments';

CREATE TYPE sales.order_status AS ENUM ('draft', 'placed', 'paid', 'shipped', 'returned', 'cancelled');
CREATE DOMAIN sales.email_address AS text CHECK (VALUE LIKE '%_@_%');

CREATE TABLE catalog.category (
  category_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  parent_id   integer REFERENCES catalog.category,
  name        text NOT NULL,
  name_zh     text,
  UNIQUE (parent_id, name)
);
COMMENT ON TABLE catalog.category IS 'Tree of product categories';
COMMENT ON COLUMN catalog.category.name_zh IS '分类的中文名称';

CREATE TABLE catalog.product (
  product_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  sku         varchar(32) NOT NULL UNIQUE,
  title       text NOT NULL,
  category_id integer NOT NULL REFERENCES catalog.category,
  net_price   numeric(12, 2) NOT NULL CHECK (net_price >= 0),
  vat_rate    numeric(4, 3) NOT NULL DEFAULT 0.200,
  gross_price numeric(14, 2) GENERATED ALWAYS AS (round(net_price * (1 + vat_rate), 2)) STORED,
  attributes  jsonb NOT NULL DEFAULT '{}',
  tags        text[] NOT NULL DEFAULT '{}',
  on_sale_from date,
  created_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX product_tags ON catalog.product USING gin (tags);
CREATE INDEX product_on_sale ON catalog.product (category_id, on_sale_from) WHERE on_sale_from IS NOT NULL;
COMMENT ON TABLE catalog.product IS 'Everything that can be ordered, 商品主数据';
COMMENT ON COLUMN catalog.product.sku IS 'Stock keeping unit, as printed on the shelf';
COMMENT ON COLUMN catalog.product.gross_price IS 'Price with value added tax, kept by the database';

CREATE TABLE catalog.price_history (
  product_id bigint NOT NULL REFERENCES catalog.product ON DELETE CASCADE,
  valid_from timestamptz NOT NULL,
  net_price  numeric(12, 2) NOT NULL,
  PRIMARY KEY (product_id, valid_from)
);
COMMENT ON TABLE catalog.price_history IS 'Former prices of each product';

CREATE TABLE sales.customer (
  customer_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  email       sales.email_address NOT NULL UNIQUE,
  full_name   text NOT NULL,
  phone       varchar(20),
  country     char(2) NOT NULL DEFAULT 'CN',
  newsletter  boolean NOT NULL DEFAULT false,
  created_at  timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE sales.customer IS '客户基本信息表: people who have an account in the shop';
COMMENT ON COLUMN sales.customer.full_name IS '客户姓名';
COMMENT ON COLUMN sales.customer.phone IS '联系电话';

CREATE TABLE sales.customer_address (
  address_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  customer_id bigint NOT NULL REFERENCES sales.customer ON DELETE CASCADE,
  kind        text NOT NULL CHECK (kind IN ('billing', 'delivery')),
  street      text NOT NULL,
  city        text NOT NULL,
  postal_code varchar(12),
  country     char(2) NOT NULL
);
COMMENT ON TABLE sales.customer_address IS '收货地址和账单地址';

CREATE TABLE sales.customer_order (
  order_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  order_no    varchar(20) NOT NULL UNIQUE,
  customer_id bigint NOT NULL REFERENCES sales.customer,
  address_id  bigint REFERENCES sales.customer_address ON DELETE SET NULL,
  status      sales.order_status NOT NULL DEFAULT 'draft',
  placed_at   timestamptz,
  total       numeric(14, 2) NOT NULL DEFAULT 0
);
CREATE INDEX customer_order_open ON sales.customer_order (customer_id) WHERE status IN ('placed', 'paid');
COMMENT ON TABLE sales.customer_order IS 'Orders of customers (客户订单), one row each';
COMMENT ON COLUMN sales.customer_order.order_no IS 'Number the customer sees on the invoice, 订单编号';
COMMENT ON COLUMN sales.customer_order.total IS 'Sum of its lines with tax';

CREATE TABLE sales.order_line (
  order_id   bigint NOT NULL REFERENCES sales.customer_order ON DELETE CASCADE,
  line_no    smallint NOT NULL,
  product_id bigint NOT NULL REFERENCES catalog.product,
  quantity   integer NOT NULL CHECK (quantity > 0),
  unit_price numeric(12, 2) NOT NULL,
  PRIMARY KEY (order_id, line_no)
);
COMMENT ON TABLE sales.order_line IS 'What was ordered: 订单明细';

CREATE TABLE sales.payment (
  payment_id bigint GENERATED ALWAYS AS IDENTITY,
  order_id   bigint NOT NULL,
  paid_at    timestamptz NOT NULL,
  method     text NOT NULL,
  amount     numeric(14, 2) NOT NULL,
  PRIMARY KEY (payment_id, paid_at)
) PARTITION BY RANGE (paid_at);
COMMENT ON TABLE sales.payment IS 'Payments (支付流水), a partition for each quarter';
CREATE TABLE sales.payment_2026_q1 PARTITION OF sales.payment FOR VALUES FROM ('2026-01-01') TO ('2026-04-01');
CREATE TABLE sales.payment_2026_q2 PARTITION OF sales.payment FOR VALUES FROM ('2026-04-01') TO ('2026-07-01');
CREATE TABLE sales.payment_2026_q3 PARTITION OF sales.payment FOR VALUES FROM ('2026-07-01') TO ('2026-10-01');
CREATE TABLE sales.payment_2026_q4 PARTITION OF sales.payment FOR VALUES FROM ('2026-10-01') TO ('2027-01-01');
CREATE TABLE sales.payment_rest PARTITION OF sales.payment DEFAULT;

CREATE TABLE sales.voucher (
  code        varchar(16) PRIMARY KEY,
  percent_off smallint NOT NULL CHECK (percent_off BETWEEN 1 AND 100),
  valid       daterange NOT NULL
);
COMMENT ON TABLE sales.voucher IS 'Discounts that a customer can type in, 优惠券';

CREATE TABLE logistics.warehouse (
  warehouse_id smallint PRIMARY KEY,
  name         text NOT NULL,
  city         text NOT NULL,
  opened_on    date
);
COMMENT ON TABLE logistics.warehouse IS '仓库';

CREATE TABLE logistics.stock_level (
  warehouse_id smallint NOT NULL REFERENCES logistics.warehouse,
  product_id   bigint NOT NULL REFERENCES catalog.product,
  on_hand      integer NOT NULL DEFAULT 0,
  reserved     integer NOT NULL DEFAULT 0,
  counted_at   timestamptz,
  PRIMARY KEY (warehouse_id, product_id)
);
COMMENT ON TABLE logistics.stock_level IS 'Pieces in each warehouse, 库存数量';

CREATE TABLE logistics.shipment (
  shipment_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  order_id     bigint NOT NULL REFERENCES sales.customer_order,
  warehouse_id smallint NOT NULL REFERENCES logistics.warehouse,
  carrier      text NOT NULL,
  tracking_no  text,
  shipped_at   timestamptz,
  delivered_at timestamptz
);
COMMENT ON TABLE logistics.shipment IS 'Parcels on their way, 物流发货';

CREATE VIEW reporting.open_order AS
  SELECT o.order_id, o.order_no, c.full_name, o.status, o.placed_at, o.total
  FROM sales.customer_order o
  JOIN sales.customer c USING (customer_id)
  WHERE o.status IN ('placed', 'paid');
COMMENT ON VIEW reporting.open_order IS 'Orders that still have to be shipped';

CREATE VIEW reporting.low_stock AS
  SELECT w.name AS warehouse, p.sku, p.title, s.on_hand - s.reserved AS available
  FROM logistics.stock_level s
  JOIN logistics.warehouse w USING (warehouse_id)
  JOIN catalog.product p USING (product_id)
  WHERE s.on_hand - s.reserved < 5;
COMMENT ON VIEW reporting.low_stock IS 'What has to be bought, 低库存预警';

CREATE MATERIALIZED VIEW reporting.daily_revenue AS
  SELECT date_trunc('day', placed_at) AS day, count(*) AS orders, sum(total) AS revenue
  FROM sales.customer_order
  WHERE status NOT IN ('draft', 'cancelled')
  GROUP BY 1;
CREATE UNIQUE INDEX daily_revenue_day ON reporting.daily_revenue (day);
COMMENT ON MATERIALIZED VIEW reporting.daily_revenue IS 'Revenue of each day (每日销售额), refreshed at night';

INSERT INTO catalog.category (parent_id, name, name_zh)
VALUES (NULL, 'Tea', '茶'), (NULL, 'Porcelain', '瓷器'), (1, 'Green tea', '绿茶'), (1, 'Oolong', '乌龙茶');
INSERT INTO catalog.product (sku, title, category_id, net_price, tags, on_sale_from)
SELECT 'T-' || lpad(n::text, 4, '0'), 'Product ' || n, 1 + n % 4, 5 + n % 90, ARRAY['sample'], date '2026-01-01' + n % 200
FROM generate_series(1, 200) n;
INSERT INTO catalog.price_history
SELECT product_id, timestamptz '2025-01-01 00:00+00', net_price * 0.9 FROM catalog.product;
INSERT INTO sales.customer (email, full_name, country)
SELECT 'customer' || n || '@shop.example', 'Customer ' || n, (ARRAY['CN', 'DE', 'US'])[1 + n % 3]
FROM generate_series(1, 500) n;
INSERT INTO sales.customer_address (customer_id, kind, street, city, country)
SELECT customer_id, 'delivery', customer_id || ' Sample Street', 'Hangzhou', country FROM sales.customer;
INSERT INTO sales.customer_order (order_no, customer_id, address_id, status, placed_at, total)
SELECT 'O-2026-' || lpad(n::text, 6, '0'), 1 + n % 500, 1 + n % 500,
       (enum_range(NULL::sales.order_status))[1 + n % 6], timestamptz '2026-01-01 08:00+00' + n * interval '4 hours', 20 + n % 400
FROM generate_series(1, 2000) n;
INSERT INTO sales.order_line
SELECT order_id, line_no, 1 + (order_id * line_no) % 200, 1 + line_no, 10
FROM sales.customer_order, generate_series(1, 3) line_no;
INSERT INTO sales.payment (order_id, paid_at, method, amount)
SELECT order_id, placed_at + interval '1 hour', (ARRAY['card', 'transfer', 'wallet'])[1 + order_id % 3], total
FROM sales.customer_order WHERE status IN ('paid', 'shipped', 'returned');
INSERT INTO sales.voucher VALUES ('WELCOME10', 10, '[2026-01-01,2027-01-01)');
INSERT INTO logistics.warehouse VALUES (1, 'East', 'Hangzhou', '2019-05-01'), (2, 'North', 'Tianjin', '2022-03-15');
INSERT INTO logistics.stock_level
SELECT w.warehouse_id, p.product_id, (p.product_id * 7) % 50, p.product_id % 5, now()
FROM logistics.warehouse w, catalog.product p;
INSERT INTO logistics.shipment (order_id, warehouse_id, carrier, tracking_no, shipped_at)
SELECT order_id, 1 + order_id % 2, 'Sample Post', 'SP' || order_id, placed_at + interval '1 day'
FROM sales.customer_order WHERE status = 'shipped';
REFRESH MATERIALIZED VIEW reporting.daily_revenue;
ANALYZE;
