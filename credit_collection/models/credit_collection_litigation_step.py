from odoo import api, fields, models

_HEARING_TASK = "credit_collection.mail_activity_type_litigation_hearing"
_DEADLINE_TASK = "credit_collection.mail_activity_type_litigation_deadline"


class CreditCollectionLitigationStep(models.Model):
    """What has happened in a litigation, and what is to be done by a day."""

    _name = "credit.collection.litigation.step"
    _description = "Step of a Litigation"
    _order = "date_done, date_due, id"

    litigation_id = fields.Many2one(
        "credit.collection.litigation", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="litigation_id.company_id", store=True)
    case_id = fields.Many2one(related="litigation_id.case_id")
    user_id = fields.Many2one(related="litigation_id.user_id", store=True)
    state = fields.Selection(related="litigation_id.state")
    kind = fields.Selection(
        [
            ("stage", "Stage"),
            ("hearing", "Hearing"),
            ("filing", "Filing of the claim"),
            ("moratorium", "End of the moratorium"),
            ("deadline", "Deadline"),
        ],
        required=True,
        default="deadline",
    )
    stage_id = fields.Many2one(
        "credit.collection.litigation.stage", index="btree_not_null", ondelete="restrict"
    )
    name = fields.Char(
        "What", compute="_compute_name", store=True, readonly=False, required=True, precompute=True
    )
    date_due = fields.Date("On or by")
    date_done = fields.Date("Done on")
    place = fields.Char(help="Of a hearing: the court, the room, the hour.")
    note = fields.Char()
    is_told = fields.Boolean(readonly=True, help="A task was raised for it.")
    activity_id = fields.Many2one("mail.activity", readonly=True, ondelete="set null")

    _due_idx = models.Index("(company_id, date_due) WHERE date_done IS NULL")

    @api.depends("litigation_id", "name")
    def _compute_display_name(self):
        for step in self:
            step.display_name = f"{step.litigation_id.case_id.display_name}: {step.name}"

    @api.depends("kind", "stage_id")
    def _compute_name(self):
        labels = dict(self._fields["kind"]._description_selection(self.env))
        for step in self:
            step.name = step.stage_id.name or step.name or labels.get(step.kind)

    @api.model_create_multi
    def create(self, vals_list):
        steps = super().create(vals_list)
        steps.litigation_id._check_not_closed()
        steps._follow_tasks()
        steps.filtered("date_done").case_id.sudo()._update_limitation()
        return steps

    def write(self, vals):
        self.litigation_id._check_not_closed()
        res = super().write(vals)
        self.litigation_id._check_not_closed()
        if "date_due" in vals:
            self.sudo().is_told = False  # another day asks for another task
        if {"date_due", "date_done", "name", "place"} & vals.keys():
            self._follow_tasks()
        if "date_done" in vals:
            self.case_id.sudo()._update_limitation()
        return res

    @api.ondelete(at_uninstall=False)
    def _unlink_except_closed(self):
        self.litigation_id._check_not_closed()
        self._close_tasks()

    # -------------------------------------------------------------------------
    # Actions
    # -------------------------------------------------------------------------

    def action_done(self):
        """It is done, today."""
        for step in self.filtered(lambda one: not one.date_done):
            step.date_done = fields.Date.context_today(self)

    def action_open_litigation(self):
        self.ensure_one()
        return self.litigation_id._open_form()

    # -------------------------------------------------------------------------
    # Tasks
    # -------------------------------------------------------------------------

    def _follow_tasks(self):
        """Raise a task for what is due soon, once; keep it in step; close it when it is done."""
        for step in self.sudo():  # tasks are the litigation's own
            litigation, task = step.litigation_id, step.activity_id.filtered("active")
            if step.date_done or litigation.state != "open":
                step._close_tasks()
            elif not step.date_due:
                continue
            elif task:
                task.write(step._prepare_task_vals())
                step.is_told = True
            elif not step.is_told and step.date_due <= step._get_horizon():
                step._raise_task()

    def _get_horizon(self):
        """Return the last day of which a task is raised now."""
        days = self.company_id.sudo().collection_litigation_task_days
        return fields.Date.add(fields.Date.context_today(self), days=days)

    def _raise_task(self):
        self.ensure_one()
        xmlid = _HEARING_TASK if self.kind == "hearing" else _DEADLINE_TASK
        self.activity_id = self.litigation_id.activity_schedule(xmlid, **self._prepare_task_vals())
        self.is_told = True

    def _prepare_task_vals(self):
        return {
            "date_deadline": self.date_due,
            "summary": ", ".join(filter(None, (self.name, self.place))),
            "user_id": self.litigation_id.user_id.id,
        }

    def _close_tasks(self):
        tasks = self.sudo().activity_id.filtered("active")
        if tasks:
            tasks.action_feedback()
