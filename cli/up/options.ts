/** What `datamap up` is told. */
export interface UpOptions {
  port?: number;
  dataDir: string;
  sample: boolean;
  open: boolean;
  watch?: boolean;
}
