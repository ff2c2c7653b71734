"""The Python door of the sameness test: requests as JSON lines in, for each the number of bytes of
its answer and the answer. Usage: door.py FOLDER"""
import json
import os
import sys
import warnings

import upshot

os.chdir(sys.argv[1])
warnings.simplefilter("ignore")
for line in sys.stdin:
    request = json.loads(line)
    try:
        result = upshot.call(request["verb"], **request["options"])
        answer = result.to_json(full=request["form"] == "full")
    except upshot.UpshotError as failure:
        answer = failure.json
    data = answer.encode()
    sys.stdout.buffer.write(b"%d\n%s" % (len(data), data))
    sys.stdout.buffer.flush()
