"""Tells of runs of two jobs as any program with OpenLineage's own client does: openlineage-emitter.py NAMESPACE.

Where to and with which token stands in OPENLINEAGE_URL and OPENLINEAGE_API_KEY, as for every emitter. Of the second run only the inputs are told at its start and only the outputs at its end. Every event is sent twice.
"""
import sys
from datetime import datetime, timezone

from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import Dataset, InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.facet_v2 import (
    column_lineage_dataset,
    documentation_dataset,
    error_message_run,
    nominal_time_run,
    ownership_job,
    schema_dataset,
    source_code_location_job,
    sql_job,
)
from openlineage.client.uuid import generate_new_uuid

namespace = sys.argv[1]
client = OpenLineageClient()
producer = "https://example.com/loader"


def emit(state, run, name, inputs=(), outputs=(), job_facets=None):
    event = RunEvent(
        eventType=state,
        eventTime=datetime.now(timezone.utc).isoformat(),
        run=run,
        job=Job(namespace="loader", name=name, facets=job_facets or {}),
        producer=producer,
        inputs=list(inputs),
        outputs=list(outputs),
    )
    client.emit(event)
    client.emit(event)


orders = "shop.area_0.orders_0_daily"
sales = "shop.area_1.orders_1_daily"
columns = column_lineage_dataset.ColumnLineageDatasetFacet(
    fields={
        "c1": column_lineage_dataset.Fields(
            inputFields=[
                column_lineage_dataset.InputField(
                    namespace=namespace,
                    name=orders,
                    field="c2",
                    transformations=[column_lineage_dataset.Transformation(type="DIRECT", subtype="AGGREGATION")],
                )
            ]
        )
    }
)
schema = schema_dataset.SchemaDatasetFacet(fields=[schema_dataset.SchemaDatasetFacetFields(name="c1", type="integer")])

run = Run(
    runId=str(generate_new_uuid()),
    facets={"nominalTime": nominal_time_run.NominalTimeRunFacet(nominalStartTime="2026-11-01T00:00:00Z")},
)
about = {
    "sql": sql_job.SQLJobFacet(query="INSERT INTO sales SELECT sum(c2) FROM orders"),
    "ownership": ownership_job.OwnershipJobFacet(owners=[ownership_job.Owner(name="team:sales")]),
    "sourceCodeLocation": source_code_location_job.SourceCodeLocationJobFacet(type="git", url="https://example.com/loader.git"),
}
both = dict(
    inputs=[InputDataset(namespace=namespace, name=orders)],
    outputs=[
        OutputDataset(
            namespace=namespace,
            name=sales,
            facets={
                "columnLineage": columns,
                "schema": schema,
                "documentation": documentation_dataset.DocumentationDatasetFacet(description="Sales of a day"),
            },
        )
    ],
)
emit(RunState.START, run, "daily sales", job_facets=about)
emit(RunState.COMPLETE, run, "daily sales", job_facets=about, **both)

export = Run(runId=str(generate_new_uuid()))
emit(RunState.START, export, "export", inputs=[InputDataset(namespace=namespace, name=sales)])
failed = error_message_run.ErrorMessageRunFacet(message="the bucket was away for a moment", programmingLanguage="python")
export.facets["errorMessage"] = failed
emit(RunState.RUNNING, export, "export")
emit(RunState.COMPLETE, export, "export", outputs=[OutputDataset(namespace="s3://exports", name="sales")])
