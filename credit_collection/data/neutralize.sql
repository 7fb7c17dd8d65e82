-- A copied database writes to nobody: no run, no notice, nothing left in the queue.
UPDATE ir_cron
   SET active = FALSE
 WHERE id IN (
           SELECT res_id FROM ir_model_data
            WHERE module = 'credit_collection' AND model = 'ir.cron'
              AND name IN ('ir_cron_run', 'ir_cron_send_notices', 'ir_cron_follow_plans')
       );
UPDATE credit_collection_policy SET is_automatic = FALSE;
UPDATE credit_collection_delivery SET state = 'cancel' WHERE state = 'todo';
UPDATE mail_mail
   SET state = 'cancel'
  FROM mail_message message
 WHERE message.id = mail_mail.mail_message_id
   AND message.model IN ('credit.collection.case', 'credit.collection.payment.plan')
   AND mail_mail.state = 'outgoing';
