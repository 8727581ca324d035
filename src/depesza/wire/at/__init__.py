"""What is spoken with a GSM modem: AT commands over a serial line, and the short messages inside them.

`lines` cuts what the modem says, `answers` reads it, `dialogue` asks one command at a time, `driver` keeps a modem
ready and sends; `tpdu`, `addresses` and `coding` are the messages in PDU mode. Sources: 3GPP TS 27.005 and 27.007
(commands), 23.040 and 23.038 (messages).
"""
