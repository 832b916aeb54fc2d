/** The alert rules as a file that Grafana provisions: the SDK's rules in the frame that such files have. */
import { QueryBuilder, type Rule, RuleBuilder } from '@grafana/grafana-foundation-sdk/alerting';
import { TypeThresholdBuilder } from '@grafana/grafana-foundation-sdk/expr';

import { ALERTS } from '../adapters/postgres/panels';
import type { AlertQuery } from '../adapters/postgres/panels/alerts/alert';
import { DASHBOARD_UID } from './router-dashboard';
import { POSTGRES_TYPE, SqlQueryBuilder } from './sql-query';

/** Of the provisioned data source: rules cannot ask the reader for one. */
export const DATASOURCE_UID = 'comfyui-router-postgres';
const EXPRESSION_UID = '__expr__';
const GROUP = 'ComfyUI Router';

export interface AlertFile {
	apiVersion: 1;
	groups: { orgId: number; name: string; folder: string; interval: string; rules: unknown[] }[];
}

export function alertFile({ schema }: { schema: string }): AlertFile {
	const rules = ALERTS.map((alert) => fileRule(ruleOf(alert, schema)));
	return {
		apiVersion: 1,
		groups: [{ orgId: 1, name: GROUP, folder: 'ComfyUI', interval: '1m', rules }],
	};
}

function ruleOf(alert: AlertQuery, schema: string): Rule {
	// no dashboard, no variables: the schema is written in
	const sql = alert.sql.replaceAll('${schema:raw}', () => schema.replaceAll('"', '""'));
	const database = { type: POSTGRES_TYPE, uid: DATASOURCE_UID };
	const type = alert.fires === 'above' ? 'gt' : 'lt';
	return new RuleBuilder(alert.title)
		.uid(`comfyui-router-${alert.name}`)
		.ruleGroup(GROUP)
		.orgID(1)
		.condition('B')
		.withQuery(
			new QueryBuilder('A')
				.datasourceUid(DATASOURCE_UID)
				.relativeTimeRange({ from: alert.rangeSeconds, to: 0 })
				.model(new SqlQueryBuilder(sql, 'table', database)),
		)
		.withQuery(
			new QueryBuilder('B').datasourceUid(EXPRESSION_UID).model(
				new TypeThresholdBuilder()
					.refId('B')
					.datasource({ type: EXPRESSION_UID, uid: EXPRESSION_UID })
					.expression('A')
					.conditions([{ evaluator: { type, params: [alert.threshold] } }]),
			),
		)
		.forDuration(alert.holdsFor)
		.noDataState('OK')
		.execErrState('Error')
		.labels({ severity: alert.severity, service: 'comfyui-router' })
		.annotations({
			summary: alert.summary,
			description: alert.description,
			__dashboardUid__: DASHBOARD_UID,
		})
		.build();
}

/** A file's rules have their place by where they stand, and dashboards by a key of their own. */
function fileRule({ orgID: _org, folderUID: _folder, ruleGroup: _group, ...rule }: Rule): unknown {
	const { __dashboardUid__: dashboardUid, ...annotations } = rule.annotations ?? {};
	return { ...rule, annotations, ...(dashboardUid ? { dashboardUid } : {}) };
}
