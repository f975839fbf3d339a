"""Certificates made by the openssl command: authorities, and what they sign."""
import subprocess


def _openssl(*words, folder):
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)


def make_authority(folder, name):
    """NAME.pem and NAME.key of an authority of one's own."""
    _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
             "-keyout", f"{name}.key", "-out", f"{name}.pem", "-subj", f"/CN={name}",
             "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign",
             folder=folder)


def make_certificate(folder, name, authority, common_name="localhost"):
    """NAME.pem and NAME.key for localhost and 127.0.0.1, signed by the authority."""
    _openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
             "-keyout", f"{name}.key.tmp", "-out", f"{name}.csr", "-subj", f"/CN={common_name}", folder=folder)
    (folder / f"{name}.ext").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n",
                                        encoding="ascii")
    _openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{authority}.pem", "-CAkey", f"{authority}.key",
             "-CAcreateserial", "-days", "2", "-extfile", f"{name}.ext", "-out", f"{name}.pem.tmp", folder=folder)
    # The pair is replaced with no moment at which one half is a torn file.
    (folder / f"{name}.key.tmp").rename(folder / f"{name}.key")
    (folder / f"{name}.pem.tmp").rename(folder / f"{name}.pem")
