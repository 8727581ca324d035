"""SMSC's HTTP API (smsc.ru, smsc.ua and their sisters): scripts under /sys, and the same as JSON under /rest."""
