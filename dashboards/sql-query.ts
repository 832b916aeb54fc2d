/** A query of Grafana's PostgreSQL data source, which the SDK has no builder for: one of ours, as its documentation shows. */
import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import type { DataSourceRef } from '@grafana/grafana-foundation-sdk/common';

export const POSTGRES_TYPE = 'grafana-postgresql-datasource';

interface SqlQuery extends Dataquery {
	refId?: string;
	hide?: boolean;
	datasource?: DataSourceRef;
	editorMode: 'code';
	format: 'time_series' | 'table';
	rawQuery: true;
	rawSql: string;
}

export class SqlQueryBuilder implements Builder<Dataquery> {
	private readonly query: SqlQuery;

	constructor(sql: string, format: SqlQuery['format'], datasource: DataSourceRef, refId = 'A') {
		this.query = {
			refId,
			datasource,
			editorMode: 'code',
			format,
			rawQuery: true,
			rawSql: sql.trim(),
			_implementsDataqueryVariant: () => undefined,
		};
	}

	build(): Dataquery {
		return this.query;
	}
}
