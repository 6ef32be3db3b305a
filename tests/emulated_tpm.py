"""An emulated TPM 2.0 behind its resource manager, for one command: `dbus-run-session -- sh -c SESSION sh COMMAND …`.

Everything of it lies in the folder in which it is started, and it ends with the command.
"""

MODULE = "/usr/lib/x86_64-linux-gnu/pkcs11/libtpm2_pkcs11.so"
PROGRAMS = ("swtpm", "tpm2-abrmd", "tpm2_ptool")
STARTED = """
set -eu
swtpm socket --tpm2 --tpmstate dir=. --flags not-need-init,startup-clear \\
    --server type=unixio,path="$PWD/tpm" --ctrl type=unixio,path="$PWD/tpm.ctrl" >swtpm.log 2>&1 & tpm=$!
trap 'kill $tpm $broker 2>/dev/null' EXIT
broker=
until [ -S tpm ]; do sleep 0.1; done
tpm2-abrmd --session --allow-root --tcti=swtpm:path="$PWD/tpm" >broker.log 2>&1 & broker=$!
export TPM2_PKCS11_TCTI=tabrmd:bus_type=session TPM2TOOLS_TCTI=tabrmd:bus_type=session TPM2_PKCS11_STORE="$PWD"
until tpm2_getrandom 1 >random 2>/dev/null; do kill -0 $broker; sleep 0.1; done
"""
SESSION = STARTED + '"$@"\n'
