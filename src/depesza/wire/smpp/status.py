"""Every command_status: number, name, and what kind of trouble it is.

A row belongs here when it stands in SMPP 3.4 table 5-2 or SMPP 5.0 table 4-45; a carrier's own codes
(0x400 to 0x4FF) belong to that carrier's settings. spec: smpp34 5.1.3, carriers/C.1#19
"""

from enum import Enum

from msgspec import Struct


class Kind(Enum):
    """What the sender of the request should do about it."""

    OK = "ok"
    TEMPORARY = "temporary"
    """Back off and send the same again; the message is not lost."""
    PERMANENT = "permanent"
    """This message will not pass, whenever it is sent again."""
    BIND = "bind"
    """The session is at fault, not the message: bind again, or ask an operator."""


class Row(Struct, frozen=True, gc=False):
    """One command_status."""

    code: int
    name: str
    """As in the specification, without ESME_."""
    kind: Kind
    sentence: str


_OK, _TEMPORARY, _PERMANENT, _BIND = Kind.OK, Kind.TEMPORARY, Kind.PERMANENT, Kind.BIND

ROK = 0x00000000
RINVMSGLEN = 0x00000001
RINVCMDLEN = 0x00000002
RINVCMDID = 0x00000003
RINVBNDSTS = 0x00000004
RALYBND = 0x00000005
RINVPRTFLG = 0x00000006
RINVREGDLVFLG = 0x00000007
RSYSERR = 0x00000008
RINVSRCADR = 0x0000000A
RINVDSTADR = 0x0000000B
RINVMSGID = 0x0000000C
RBINDFAIL = 0x0000000D
RINVPASWD = 0x0000000E
RINVSYSID = 0x0000000F
RCANCELFAIL = 0x00000011
RREPLACEFAIL = 0x00000013
RMSGQFUL = 0x00000014
RINVSERTYP = 0x00000015
RINVNUMDESTS = 0x00000033
RINVDLNAME = 0x00000034
RINVDESTFLAG = 0x00000040
RINVSUBREP = 0x00000042
RINVESMCLASS = 0x00000043
RCNTSUBDL = 0x00000044
RSUBMITFAIL = 0x00000045
RINVSRCTON = 0x00000048
RINVSRCNPI = 0x00000049
RINVDSTTON = 0x00000050
RINVDSTNPI = 0x00000051
RINVSYSTYP = 0x00000053
RINVREPFLAG = 0x00000054
RINVNUMMSGS = 0x00000055
RTHROTTLED = 0x00000058
RINVSCHED = 0x00000061
RINVEXPIRY = 0x00000062
RINVDFTMSGID = 0x00000063
RX_T_APPN = 0x00000064
RX_P_APPN = 0x00000065
RX_R_APPN = 0x00000066
RQUERYFAIL = 0x00000067
RINVOPTPARSTREAM = 0x000000C0
ROPTPARNOTALLWD = 0x000000C1
RINVPARLEN = 0x000000C2
RMISSINGOPTPARAM = 0x000000C3
RINVOPTPARAMVAL = 0x000000C4
RDELIVERYFAILURE = 0x000000FE
RUNKNOWNERR = 0x000000FF
RSERTYPUNAUTH = 0x00000100
RPROHIBITED = 0x00000101
RSERTYPUNAVAIL = 0x00000102
RSERTYPDENIED = 0x00000103
RINVDCS = 0x00000104
RINVSRCADDRSUBUNIT = 0x00000105
RINVDSTADDRSUBUNIT = 0x00000106
RINVBCASTFREQINT = 0x00000107
RINVBCASTALIAS_NAME = 0x00000108
RINVBCASTAREAFMT = 0x00000109
RINVNUMBCAST_AREAS = 0x0000010A
RINVBCASTCNTTYPE = 0x0000010B
RINVBCASTMSGCLASS = 0x0000010C
RBCASTFAIL = 0x0000010D
RBCASTQUERYFAIL = 0x0000010E
RBCASTCANCELFAIL = 0x0000010F
RINVBCAST_REP = 0x00000110
RINVBCASTSRVGRP = 0x00000111
RINVBCASTCHANIND = 0x00000112

ROWS: tuple[Row, ...] = (
    Row(ROK, "ROK", _OK, "no error"),
    Row(RINVMSGLEN, "RINVMSGLEN", _PERMANENT, "the message length is invalid"),
    Row(RINVCMDLEN, "RINVCMDLEN", _PERMANENT, "the command length is invalid"),
    Row(RINVCMDID, "RINVCMDID", _PERMANENT, "the command is unknown or not supported"),
    Row(RINVBNDSTS, "RINVBNDSTS", _BIND, "the command is not allowed in this bind state"),
    Row(RALYBND, "RALYBND", _BIND, "already bound"),
    Row(RINVPRTFLG, "RINVPRTFLG", _PERMANENT, "the priority flag is invalid"),
    Row(RINVREGDLVFLG, "RINVREGDLVFLG", _PERMANENT, "the registered delivery flag is invalid"),
    Row(RSYSERR, "RSYSERR", _TEMPORARY, "system error"),
    Row(RINVSRCADR, "RINVSRCADR", _PERMANENT, "the source address is invalid"),
    Row(RINVDSTADR, "RINVDSTADR", _PERMANENT, "the destination address is invalid"),
    Row(RINVMSGID, "RINVMSGID", _PERMANENT, "the message id is invalid"),
    Row(RBINDFAIL, "RBINDFAIL", _BIND, "the bind failed"),
    Row(RINVPASWD, "RINVPASWD", _BIND, "the password is wrong"),
    Row(RINVSYSID, "RINVSYSID", _BIND, "the system id is wrong"),
    Row(RCANCELFAIL, "RCANCELFAIL", _PERMANENT, "the message could not be cancelled"),
    Row(RREPLACEFAIL, "RREPLACEFAIL", _PERMANENT, "the message could not be replaced"),
    Row(RMSGQFUL, "RMSGQFUL", _TEMPORARY, "the message queue is full"),
    Row(RINVSERTYP, "RINVSERTYP", _PERMANENT, "the service type is invalid"),
    Row(RINVNUMDESTS, "RINVNUMDESTS", _PERMANENT, "the number of destinations is invalid"),
    Row(RINVDLNAME, "RINVDLNAME", _PERMANENT, "the distribution list name is invalid"),
    Row(RINVDESTFLAG, "RINVDESTFLAG", _PERMANENT, "the destination flag is invalid"),
    Row(RINVSUBREP, "RINVSUBREP", _PERMANENT, "submit with replace is invalid here"),
    Row(RINVESMCLASS, "RINVESMCLASS", _PERMANENT, "esm_class is invalid"),
    Row(RCNTSUBDL, "RCNTSUBDL", _PERMANENT, "cannot submit to a distribution list"),
    Row(RSUBMITFAIL, "RSUBMITFAIL", _PERMANENT, "the submit failed"),
    Row(RINVSRCTON, "RINVSRCTON", _PERMANENT, "the type of the source number is invalid"),
    Row(RINVSRCNPI, "RINVSRCNPI", _PERMANENT, "the plan of the source number is invalid"),
    Row(RINVDSTTON, "RINVDSTTON", _PERMANENT, "the type of the destination number is invalid"),
    Row(RINVDSTNPI, "RINVDSTNPI", _PERMANENT, "the plan of the destination number is invalid"),
    Row(RINVSYSTYP, "RINVSYSTYP", _BIND, "the system type is invalid"),
    Row(RINVREPFLAG, "RINVREPFLAG", _PERMANENT, "the replace flag is invalid"),
    Row(RINVNUMMSGS, "RINVNUMMSGS", _PERMANENT, "the number of messages is invalid"),
    Row(RTHROTTLED, "RTHROTTLED", _TEMPORARY, "over the allowed rate"),
    Row(RINVSCHED, "RINVSCHED", _PERMANENT, "the scheduled delivery time is invalid"),
    Row(RINVEXPIRY, "RINVEXPIRY", _PERMANENT, "the validity period is invalid"),
    Row(RINVDFTMSGID, "RINVDFTMSGID", _PERMANENT, "the predefined message does not exist"),
    Row(RX_T_APPN, "RX_T_APPN", _TEMPORARY, "the receiving application has a temporary error"),
    Row(RX_P_APPN, "RX_P_APPN", _PERMANENT, "the receiving application has a permanent error"),
    Row(RX_R_APPN, "RX_R_APPN", _PERMANENT, "the receiving application rejects the message"),
    Row(RQUERYFAIL, "RQUERYFAIL", _PERMANENT, "the query failed"),
    Row(RINVOPTPARSTREAM, "RINVOPTPARSTREAM", _PERMANENT, "the optional part of the body is broken"),
    Row(ROPTPARNOTALLWD, "ROPTPARNOTALLWD", _PERMANENT, "an optional parameter is not allowed here"),
    Row(RINVPARLEN, "RINVPARLEN", _PERMANENT, "a parameter has an invalid length"),
    Row(RMISSINGOPTPARAM, "RMISSINGOPTPARAM", _PERMANENT, "an expected optional parameter is missing"),
    Row(RINVOPTPARAMVAL, "RINVOPTPARAMVAL", _PERMANENT, "an optional parameter has an invalid value"),
    Row(RDELIVERYFAILURE, "RDELIVERYFAILURE", _PERMANENT, "the delivery failed"),
    Row(RUNKNOWNERR, "RUNKNOWNERR", _PERMANENT, "unknown error"),
    Row(RSERTYPUNAUTH, "RSERTYPUNAUTH", _PERMANENT, "not authorised to use this service type"),
    Row(RPROHIBITED, "RPROHIBITED", _PERMANENT, "not allowed to use this operation"),
    Row(RSERTYPUNAVAIL, "RSERTYPUNAVAIL", _TEMPORARY, "the service type is unavailable"),
    Row(RSERTYPDENIED, "RSERTYPDENIED", _PERMANENT, "the service type is denied"),
    Row(RINVDCS, "RINVDCS", _PERMANENT, "the data coding is invalid"),
    Row(RINVSRCADDRSUBUNIT, "RINVSRCADDRSUBUNIT", _PERMANENT, "the source subunit is invalid"),
    Row(RINVDSTADDRSUBUNIT, "RINVDSTADDRSUBUNIT", _PERMANENT, "the destination subunit is invalid"),
    Row(RINVBCASTFREQINT, "RINVBCASTFREQINT", _PERMANENT, "the broadcast interval is invalid"),
    Row(RINVBCASTALIAS_NAME, "RINVBCASTALIAS_NAME", _PERMANENT, "the broadcast alias is invalid"),
    Row(RINVBCASTAREAFMT, "RINVBCASTAREAFMT", _PERMANENT, "the broadcast area format is invalid"),
    Row(RINVNUMBCAST_AREAS, "RINVNUMBCAST_AREAS", _PERMANENT, "the number of broadcast areas is invalid"),
    Row(RINVBCASTCNTTYPE, "RINVBCASTCNTTYPE", _PERMANENT, "the broadcast content type is invalid"),
    Row(RINVBCASTMSGCLASS, "RINVBCASTMSGCLASS", _PERMANENT, "the broadcast message class is invalid"),
    Row(RBCASTFAIL, "RBCASTFAIL", _PERMANENT, "the broadcast failed"),
    Row(RBCASTQUERYFAIL, "RBCASTQUERYFAIL", _PERMANENT, "the broadcast query failed"),
    Row(RBCASTCANCELFAIL, "RBCASTCANCELFAIL", _PERMANENT, "the broadcast could not be cancelled"),
    Row(RINVBCAST_REP, "RINVBCAST_REP", _PERMANENT, "the number of repeated broadcasts is invalid"),
    Row(RINVBCASTSRVGRP, "RINVBCASTSRVGRP", _PERMANENT, "the broadcast service group is invalid"),
    Row(RINVBCASTCHANIND, "RINVBCASTCHANIND", _PERMANENT, "the broadcast channel indicator is invalid"),
)

BY_CODE: dict[int, Row] = {row.code: row for row in ROWS}
BY_NAME: dict[str, Row] = {row.name: row for row in ROWS}


def look(code: int) -> Row:
    """Give the row of a command_status; a vendor's or unknown one is a permanent refusal named by its hex."""
    row = BY_CODE.get(code)
    if row is not None:
        return row
    owner = "the vendor's own status" if 0x400 <= code <= 0x4FF else "a reserved status"
    return Row(code, f"0x{code:08X}", Kind.PERMANENT, owner)
