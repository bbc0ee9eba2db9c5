"""Deployments of older versions hand over what was set on them, once."""

from datetime import timedelta

from jwstpipe.jobs.kinds import KINDS
from tests.prefect_server import nothing_deployed_behind


def test_what_was_set_on_a_deployment_of_an_older_name_goes_to_that_of_today(prefect_server, tmp_path):
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import DeploymentScheduleCreate
    from prefect.client.schemas.schedules import CronSchedule, IntervalSchedule
    from prefect.states import Completed

    from jwstpipe.flows.serve import deployment
    from jwstpipe.jobs.renamed import SERVED, take_over

    kind = KINDS["watch_programs"]
    older = deployment(kind, switched_on=True)
    older.name = SERVED
    older.parameters = {"request": {"everything": True}}
    with nothing_deployed_behind(), get_client(sync_client=True) as client:
        of_mine = DeploymentScheduleCreate(
            schedule=IntervalSchedule(interval=timedelta(hours=9)), active=True, slug="mine", parameters={"request": {}}
        )
        old_id = older.apply()
        client.create_deployment_schedules(old_id, [of_mine])
        ended, waiting = (
            client.create_flow_run_from_deployment(old_id, name=name, idempotency_key=f"{tmp_path}-{name}")
            for name in ("ended", "waiting")
        )
        client.set_flow_run_state(ended.id, Completed(), force=True)

        assert take_over(client, SERVED, kinds=[kind]) == []  # nothing is lost where there is nobody to take it
        assert take_over(client, SERVED, kinds=[kind], deploy=lambda kind: deployment(kind).apply()) == [
            "watch-programs"
        ]
        made = client.read_deployment_by_name("watch-programs/watch-programs")
        schedules = {schedule.slug: schedule for schedule in made.schedules}
        assert schedules["nightly"].active
        assert isinstance(schedules["nightly"].schedule, CronSchedule)
        assert schedules["nightly"].schedule.cron == kind.schedule.cron
        assert schedules["mine"].active
        assert schedules["mine"].schedule.interval == timedelta(hours=9)
        assert schedules["mine"].parameters == {"request": {}}
        assert made.parameters == {"request": {"everything": True}}
        found = [one.name for one in client.read_deployments(limit=200) if one.flow_id == made.flow_id]
        assert found == ["watch-programs"]
        assert client.read_flow_run(ended.id).state.is_completed()  # the history stays
        again = client.create_flow_run_from_deployment(made.id, idempotency_key=waiting.idempotency_key)
        assert (again.name, again.deployment_id) == ("waiting", made.id)
        assert take_over(client, SERVED, kinds=[kind]) == []
