/** A time within JSON as answers have times elsewhere, in UTC and with milliseconds: what PostgreSQL writes there by itself ends in `+00:00`. */
export const instant = (column: string): string =>
  `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
