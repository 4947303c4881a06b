"""Which module makes which kind of change."""

from agent.effects import cancel, candidate, invite, member, move, note, rating, result_comment
from agent.effects.change import Change
from storage.ledger.outbox import EffectKind

CHANGES: dict[EffectKind, Change] = {
    EffectKind.INVITE: invite.CHANGE,
    EffectKind.CANCEL: cancel.CHANGE,
    EffectKind.INVITE_NOTE: note.INVITE_NOTE,
    EffectKind.RATING: rating.CHANGE,
    EffectKind.RESULT_COMMENT: result_comment.CHANGE,
    EffectKind.MOVE: move.CHANGE,
    EffectKind.END_NOTE: note.END_NOTE,
    EffectKind.SAMPLE_CARD: note.SAMPLE_CARD,
    EffectKind.CREATE_CANDIDATE: candidate.CHANGE,
    EffectKind.PUT_MEMBER: member.PUT,
    EffectKind.DEACTIVATE_MEMBER: member.DEACTIVATE,
}
