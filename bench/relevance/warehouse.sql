-- A small warehouse of the relevance set's own, for what the sample schemas lack: prefixes of layers, camelCase,
-- names that differ in one part only, and comments in Chinese.
CREATE SCHEMA dwd;
CREATE SCHEMA ads;
CREATE SCHEMA ops;

CREATE TABLE dwd.dim_customer_orders (order_id bigint PRIMARY KEY, customer_id bigint, customer_email text, placed_at timestamptz, total_amount numeric);
COMMENT ON TABLE dwd.dim_customer_orders IS '客户订单维度表，每个订单一行';
COMMENT ON COLUMN dwd.dim_customer_orders.customer_email IS '客户的电子邮箱地址';
CREATE TABLE dwd.dim_customer (customer_id bigint PRIMARY KEY, nick_name text, mobile_phone text, registered_at timestamptz);
COMMENT ON TABLE dwd.dim_customer IS '会员基本信息，含注册时间与手机号';
CREATE TABLE dwd.fact_payment_refund (refund_id bigint PRIMARY KEY, order_id bigint, refund_amount numeric, refund_reason text);
COMMENT ON TABLE dwd.fact_payment_refund IS '支付退款明细数据，来自支付网关，每小时更新';
CREATE TABLE dwd.fact_inventory_snapshot (sku_id bigint, warehouse_code text, on_hand_qty integer, snapshot_date date);
COMMENT ON TABLE dwd.fact_inventory_snapshot IS '各仓库每日库存快照，用于补货预测';
CREATE TABLE dwd.fact_user_login_log (user_id bigint, login_ip inet, device_model text, logged_in_at timestamptz);
COMMENT ON TABLE dwd.fact_user_login_log IS '用户登录日志，记录设备型号和登录地址';
CREATE TABLE dwd."OrderShippingEvents" ("eventId" bigint, "trackingNumber" text, "carrierName" text, "deliveredAt" timestamptz);
COMMENT ON TABLE dwd."OrderShippingEvents" IS '物流轨迹事件，承运商回传';
CREATE TABLE dwd."userClickStream" ("sessionId" text, "pageUrl" text, "clickTime" timestamptz);
COMMENT ON TABLE dwd."userClickStream" IS '用户在网站和应用里的点击流';
CREATE TABLE ads.ads_gmv_daily (stat_date date, gmv numeric, paid_orders integer);
COMMENT ON TABLE ads.ads_gmv_daily IS '每日成交总额汇总，供管理层日报使用';
CREATE TABLE ads.ads_customer_churn_score (customer_id bigint, churn_score numeric, model_version text);
COMMENT ON TABLE ads.ads_customer_churn_score IS '客户流失预测模型的打分结果';
CREATE TABLE ads.ads_campaign_roi (campaign_id bigint, channel text, spend numeric, return_on_investment numeric);
COMMENT ON TABLE ads.ads_campaign_roi IS '营销活动投入产出比，按渠道统计';
CREATE TABLE ops.etl_job_history (job_name text, started_at timestamptz, finished_at timestamptz, error_message text);
COMMENT ON TABLE ops.etl_job_history IS 'One row for each run of a batch job, kept for a year';
CREATE TABLE ops."APIGatewayAccessLog" (request_id text, http_status integer, latency_ms integer, client_ip inet);
COMMENT ON TABLE ops."APIGatewayAccessLog" IS 'Every request that came through the public gateway';
CREATE TABLE ops.config_kv (k text PRIMARY KEY, v text);
COMMENT ON TABLE ops.config_kv IS '系统参数配置';
CREATE TABLE ops.t_0815 (a integer, b integer);
COMMENT ON TABLE ops.t_0815 IS '供应商结算单的临时备份';
